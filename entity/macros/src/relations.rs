//! Reads the relations of an entity from its fields, and writes sea-orm's enum of them.

use entity_build::RelationField;
use heck::ToUpperCamelCase as _;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Expr, Field, Ident, Lit, LitStr};

/// A relation to another table.
pub(crate) struct Relation {
    /// The variant of `Relation`.
    name: Ident,
    /// The other entity: `super::sites::Entity`.
    target: TokenStream,
    kind: Kind,
}

enum Kind {
    /// Columns of this table hold the key of a row of the other one: `Column::SiteId` and `super::sites::Column::SiteId`.
    BelongsTo {
        from: String,
        to: String,
    },
    HasOne,
    /// Rows of the other table belong to a row of this one, through the named relation if there are several.
    HasMany {
        through: Option<String>,
    },
}

/// Reads a field. Returns `None` if it is a column.
pub(crate) fn read(field: &Field) -> syn::Result<Option<Relation>> {
    let Some(RelationField { wrapper, target, variant }) = entity_build::relation(field)? else {
        return Ok(None);
    };
    let Options { from, to, via_rel } = Options::read(field)?;
    let missing = |what| syn::Error::new_spanned(field, format!("the relation needs `{what}`"));
    let target = quote!(#target);
    let kind = if wrapper == "HasMany" {
        Kind::HasMany { through: via_rel }
    } else if wrapper == "HasOne" {
        Kind::HasOne
    } else {
        let entity = text(&target);
        let of_target = entity.strip_suffix("Entity").unwrap_or_default();
        let from = from.ok_or_else(|| missing("from"))?.parse()?;
        let to = to.ok_or_else(|| missing("to"))?.parse()?;
        Kind::BelongsTo { from: columns(&from, "Column"), to: columns(&to, &format!("{of_target}Column")) }
    };
    Ok(Some(Relation { name: format_ident!("{variant}"), target, kind }))
}

/// The options of a relation in `#[sea_orm(…)]`.
#[derive(Default)]
struct Options {
    from: Option<LitStr>,
    to: Option<LitStr>,
    via_rel: Option<String>,
}

impl Options {
    fn read(field: &Field) -> syn::Result<Self> {
        let mut options = Self::default();
        for attribute in field.attrs.iter().filter(|it| it.path().is_ident("sea_orm")) {
            attribute.parse_nested_meta(|meta| {
                let is = |name: &str| meta.path.is_ident(name);
                if ["belongs_to", "has_one", "has_many"].into_iter().any(is) {
                    return Ok(());
                }
                if !["relation_enum", "from", "to", "via_rel"].into_iter().any(is) {
                    return Err(meta.error("a relation has no such option"));
                }
                let text: LitStr = match meta.value()?.parse()? {
                    Lit::Str(text) => text,
                    other => return Err(syn::Error::new_spanned(other, "a text is expected")),
                };
                if is("from") {
                    options.from = Some(text);
                } else if is("to") {
                    options.to = Some(text);
                } else if is("via_rel") {
                    options.via_rel = Some(text.value());
                }
                Ok(())
            })?;
        }
        Ok(options)
    }
}

/// Returns the text of an entity's path without spaces.
fn text(entity: &TokenStream) -> String {
    entity.to_string().replace(' ', "")
}

/// Writes the enum `Relation`, and an implementation of `Related` for each table that one relation leads to.
pub(crate) fn write(relations: &[Relation]) -> TokenStream {
    let variants = relations.iter().map(variant);
    let related = relations.iter().filter(|it| {
        let leads_there = |other: &&Relation| text(&other.target) == text(&it.target);
        relations.iter().filter(leads_there).count() == 1
    });
    let related = related.map(|Relation { name, target, .. }| {
        quote! {
            #[automatically_derived]
            impl Related<#target> for Entity {
                fn to() -> RelationDef {
                    Relation::#name.def()
                }
            }
        }
    });
    quote! {
        /// The relations of the table to others.
        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub enum Relation { #(#variants),* }
        #(#related)*
    }
}

fn variant(relation: &Relation) -> TokenStream {
    let Relation { name, target, kind } = relation;
    let target = text(target);
    let options = match kind {
        Kind::BelongsTo { from, to } => {
            quote!(belongs_to = #target, from = #from, to = #to)
        }
        Kind::HasOne => quote!(has_one = #target),
        Kind::HasMany { through: None } => quote!(has_many = #target),
        Kind::HasMany { through: Some(through) } => {
            let through = format!("Relation::{through}");
            quote!(has_many = #target, via_rel = #through)
        }
    };
    let doc = format!("Leads to `{target}`.");
    quote! {
        #[doc = #doc]
        #[sea_orm(#options)]
        #name
    }
}

/// Returns the variants of columns as sea-orm names them: `site_id` → `Column::SiteId`, `(a, b)` → `(Column::A, Column::B)`.
fn columns(of: &Expr, column: &str) -> String {
    let name = |it: &Expr| format!("{column}::{}", quote!(#it).to_string().to_upper_camel_case());
    match of {
        Expr::Tuple(several) => {
            let names: Vec<String> = several.elems.iter().map(name).collect();
            format!("({})", names.join(", "))
        }
        one => name(one),
    }
}
