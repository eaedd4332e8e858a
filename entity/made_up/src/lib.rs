//! A made-up system of many schemas whose tables have the same names. Only tests serve it.
//!
//! Each of sixty tools has a schema with the tables `tool_data` and `audit_log`, which are described once, in `each_tool`; the first
//! two have a reference table besides. The schema `made_up` holds what the tools share.

pub mod each_staged;
pub mod each_tool;
pub mod functions;
pub mod made_up;

/// The schemas of the tools.
macro_rules! tools {
    ($($number:literal)*) => {
        &[
            entity::Schema { name: "made_up", prefix: "", title: "all tools" },
            $(entity::Schema {
                name: concat!("made_up_", $number),
                prefix: concat!("Tool", $number),
                title: concat!("tool ", $number),
            },)*
        ]
    };
}

/// The schemas that hold the tables.
pub const SCHEMAS: &[entity::Schema] = tools!(
    "00" "01" "02" "03" "04" "05" "06" "07" "08" "09" "10" "11" "12" "13" "14" "15" "16" "17" "18" "19"
    "20" "21" "22" "23" "24" "25" "26" "27" "28" "29" "30" "31" "32" "33" "34" "35" "36" "37" "38" "39"
    "40" "41" "42" "43" "44" "45" "46" "47" "48" "49" "50" "51" "52" "53" "54" "55" "56" "57" "58" "59"
);

/// Returns the schemas of the tools.
pub fn tools() -> impl Iterator<Item = &'static entity::Schema> {
    SCHEMAS.iter().filter(|schema| schema.name != "made_up")
}

/// Returns the statements that create all schemas, in a database with the objects that the systems share.
pub fn sql() -> String {
    let of_tools = tools().map(|schema| include_str!("../sql/tool.sql").replace("{schema}", schema.name));
    let staged = each_staged::schemas();
    let of_staged = staged.map(|schema| include_str!("../sql/staged.sql").replace("{schema}", schema.name));
    let shared = include_str!("../sql/made_up.sql").to_owned();
    std::iter::once(shared).chain(of_tools).chain(of_staged).collect()
}

include!(concat!(env!("OUT_DIR"), "/visit.rs"));
