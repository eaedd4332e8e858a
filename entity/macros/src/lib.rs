//! Makes sea-orm's entity of a table from one struct with its columns and relations.
//!
//! sea-orm's own attribute for this form, `sea_orm::model`, also makes models that contain the rows which relations lead to, and loaders of
//! them. The gateway uses neither, and with many tables they take minutes to compile (docs/decisions/0054-entities-without-related-models.md).
//! This macro makes what sea-orm's derives read, and nothing else.

mod relations;

use proc_macro::TokenStream;
use quote::quote;
use syn::{Fields, ItemStruct, parse_macro_input};

/// Makes an entity from a struct `Model` that derives `DeriveEntityModel`. Its fields are columns, as sea-orm reads them, and relations:
///
/// - `BelongsTo<super::other::Entity>`, of an `Option` if it may be missing: `#[sea_orm(belongs_to, from = "column", to = "column")]`.
/// - `HasOne<super::other::Entity>`: `#[sea_orm(has_one)]`.
/// - `HasMany<super::other::Entity>`: `#[sea_orm(has_many)]`.
///
/// `relation_enum = "Name"` names the variant of `Relation`, which is otherwise named after the other table; of several relations to one
/// table each needs it. The other side of such a relation is `#[sea_orm(has_many, relation_enum = "Name", via_rel = "Name")]`.
#[proc_macro_attribute]
pub fn model(_: TokenStream, item: TokenStream) -> TokenStream {
    let mut model = parse_macro_input!(item as ItemStruct);
    expand(&mut model).unwrap_or_else(syn::Error::into_compile_error).into()
}

fn expand(model: &mut ItemStruct) -> syn::Result<proc_macro2::TokenStream> {
    let Fields::Named(fields) = &mut model.fields else {
        return Err(syn::Error::new_spanned(model, "an entity has named fields"));
    };
    let mut found = Vec::new();
    let mut columns = syn::punctuated::Punctuated::new();
    for field in std::mem::take(&mut fields.named) {
        match relations::read(&field)? {
            Some(relation) => found.push(relation),
            None => columns.push(field),
        }
    }
    fields.named = columns;
    let relations = relations::write(&found);
    Ok(quote! { #model #relations })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the code that is made of an entity with these fields, without spaces, or the words of the error.
    fn made(fields: &str) -> Result<String, String> {
        let mut model = syn::parse_str(&format!("struct Model {{ {fields} }}")).unwrap();
        let made = expand(&mut model).map_err(|error| error.to_string())?;
        Ok(made.to_string().replace(' ', ""))
    }

    #[test]
    fn columns_stay_and_relations_become_variants() {
        let made = made(
            r#"id: i64,
            #[sea_orm(belongs_to, from = "site_id", to = "id")] site: BelongsTo<Option<super::sites::Entity>>,
            #[sea_orm(belongs_to, from = "(a, b)", to = "(c, d)")] pair: BelongsTo<super::pairs::Entity>,
            #[sea_orm(has_one)] note: HasOne<super::notes::Entity>,
            #[sea_orm(has_many)] events: HasMany<super::session_events::Entity>,"#,
        )
        .unwrap();
        assert!(made.starts_with("structModel{id:i64}"), "{made}");
        for variant in [
            r#"belongs_to="super::sites::Entity",from="Column::SiteId",to="super::sites::Column::Id")]Sites"#,
            r#"from="(Column::A, Column::B)",to="(super::pairs::Column::C, super::pairs::Column::D)")]Pairs"#,
            r#"has_one="super::notes::Entity")]Notes"#,
            r#"has_many="super::session_events::Entity")]SessionEvents"#,
            "implRelated<super::session_events::Entity>forEntity",
        ] {
            assert!(made.contains(&variant.replace(' ', "")), "{variant}\nnot in {made}");
        }
    }

    #[test]
    fn several_relations_to_one_table_have_names() {
        let made = made(
            r#"#[sea_orm(belongs_to, relation_enum = "Parent", from = "parent_id", to = "id")] parent: BelongsTo<Entity>,
            #[sea_orm(has_many, relation_enum = "Children", via_rel = "Parent")] children: HasMany<Entity>,"#,
        )
        .unwrap();
        assert!(
            made.contains(r#"belongs_to="Entity",from="Column::ParentId",to="Column::Id")]Parent"#),
            "{made}"
        );
        assert!(made.contains(r#"has_many="Entity",via_rel="Relation::Parent")]Children"#), "{made}");
        // Neither is the relation between the two tables.
        assert!(!made.contains("implRelated"), "{made}");
    }

    #[test]
    fn what_a_relation_lacks_or_does_not_know_is_named() {
        for (field, words) in [
            (
                "#[sea_orm(belongs_to, to = \"id\")] a: BelongsTo<super::b::Entity>",
                "the relation needs `from`",
            ),
            (
                "#[sea_orm(belongs_to, from = \"id\")] a: BelongsTo<super::b::Entity>",
                "the relation needs `to`",
            ),
            (
                "#[sea_orm(has_many, via = \"c\")] a: HasMany<super::b::Entity>",
                "a relation has no such option",
            ),
            ("#[sea_orm(self_ref)] a: HasMany<Entity>", "a relation has no such option"),
            ("#[sea_orm(has_many, via_rel = 1)] a: HasMany<super::b::Entity>", "a text is expected"),
            ("a: HasMany<(i32, i32)>", "a relation leads to an entity"),
        ] {
            assert_eq!(made(field).unwrap_err(), words, "{field}");
        }
    }
}
