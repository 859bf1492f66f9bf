//! Which functions are annotated, and where the attribute goes.

use anyhow::Result;
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Attribute, Signature};

/// A source file with `attribute` before every function that has a body and is not `const`, and the
/// number of those. Tests and what only they use stay as they are, and so does what macros expand to.
/// No line moves.
pub(crate) fn annotate(source: &str, attribute: &str) -> Result<(String, usize)> {
    let mut functions = Functions(Vec::new());
    functions.visit_file(&syn::parse_file(source)?);
    let mut places = functions.0;
    places.sort_unstable();
    let mut annotated = String::with_capacity(source.len() + places.len() * attribute.len());
    let mut done = 0;
    for &place in &places {
        annotated.push_str(&source[done..place]);
        annotated.push_str(attribute);
        annotated.push(' ');
        done = place;
    }
    annotated.push_str(&source[done..]);
    Ok((annotated, places.len()))
}

/// The places where attributes go: behind those that a function has, before all else.
struct Functions(Vec<usize>);

impl Functions {
    fn add(&mut self, signature: &Signature, before: TokenStream) {
        let first = before.into_iter().chain(signature.to_token_stream()).next();
        if signature.constness.is_none() {
            self.0.extend(first.map(|token| token.span().byte_range().start));
        }
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if !is_for_tests(&function.attrs) {
            self.add(&function.sig, function.vis.to_token_stream());
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_for_tests(&function.attrs) {
            let mut before = function.vis.to_token_stream();
            function.modifiers.defaultness.to_tokens(&mut before);
            self.add(&function.sig, before);
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if function.default.is_some() {
            self.add(&function.sig, TokenStream::new());
            visit::visit_trait_item_fn(self, function);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }
}

/// `#[test]`, `#[cfg(test)]` and the like.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.meta.to_token_stream().into_iter().any(|token| {
                    token
                        .to_string()
                        .split(|c: char| !c.is_alphanumeric())
                        .any(|word| word == "test")
                })
    })
}

#[cfg(test)]
mod tests {
    use super::annotate;

    #[test]
    fn every_function_with_a_body_that_is_not_const_and_no_test() {
        let source = "\
/// One.
#[inline]
pub fn one() { fn inner() {} }
const fn never() {}
unsafe extern \"C\" { fn foreign(); }
trait T { fn without(&self); fn with(&self) {} }
impl T for u8 { fn without(&self) {} }
impl A { pub(crate) async unsafe fn two() {} }
#[cfg(test)] mod tests { fn helper() {} }
#[test] fn test() {}
";
        let annotated = "\
/// One.
#[inline]
@ pub fn one() { @ fn inner() {} }
const fn never() {}
unsafe extern \"C\" { fn foreign(); }
trait T { fn without(&self); @ fn with(&self) {} }
impl T for u8 { @ fn without(&self) {} }
impl A { @ pub(crate) async unsafe fn two() {} }
#[cfg(test)] mod tests { fn helper() {} }
#[test] fn test() {}
";
        assert_eq!(annotate(source, "@").unwrap(), (annotated.to_owned(), 5));
    }
}
