//! Converts parts of names for GraphQL. Whole names are converted by `heck`, which would change letters after the first one too.

/// Returns a name with its first letter in upper case; the rest is unchanged.
pub fn capitalise(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Returns a name with its first letter in lower case; the rest is unchanged.
pub fn uncapitalise(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// Returns the English singular of the last word of a name: `ref_substances` → `ref_substance`.
///
/// The rules cover the words in names of tables. If they are wrong for a table, its system names the type
/// ([`super::System::type_names`]). They are our own, because a new version of a crate with more irregular words would rename types
/// of the schema.
pub fn singular(name: &str) -> String {
    const UNCHANGED: [&str; 5] = ["ss", "us", "is", "ics", "news"];
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    if UNCHANGED.iter().any(|ending| name.ends_with(ending)) {
        return name.to_owned();
    }
    for ending in ["sses", "shes", "ches", "xes", "zes", "uses"] {
        if name.ends_with(ending) {
            return name[..name.len() - 2].to_owned();
        }
    }
    name.strip_suffix('s').unwrap_or(name).to_owned()
}

/// Returns the English plural of the last word of a singular name: `activity` → `activities`.
pub fn plural(name: &str) -> String {
    const VOWELS: [char; 5] = ['a', 'e', 'i', 'o', 'u'];
    if let Some(stem) = name.strip_suffix('y')
        && !stem.ends_with(VOWELS)
    {
        return format!("{stem}ies");
    }
    if ["s", "x", "z", "ch", "sh"].iter().any(|ending| name.ends_with(ending)) {
        return format!("{name}es");
    }
    format!("{name}s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_and_plural_are_each_others_inverse_for_table_names() {
        for (many, one) in [
            ("substances", "substance"),
            ("activities", "activity"),
            ("statuses", "status"),
            ("responses", "response"),
            ("circles", "circle"),
            ("homeworks", "homework"),
            ("summaries", "summary"),
            ("routes", "route"),
            ("diagnoses", "diagnose"),
            ("processes", "process"),
            ("keys", "key"),
        ] {
            assert_eq!(singular(many), one);
            assert_eq!(plural(one), many);
        }
    }

    #[test]
    fn a_singular_name_stays_as_it_is() {
        for name in ["status", "analysis", "homework", "access"] {
            assert_eq!(singular(name), name);
        }
    }
}
