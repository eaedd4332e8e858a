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
