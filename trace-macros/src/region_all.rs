//! `#[trace::region_all]`: each function in a block, as `#[trace::region]` would have it.
//!
//! Owns which functions these are, and what their regions are called. How one is annotated is
//! decided where it is for the attribute on a single function.
//!
//! 1. Whatever is no function is passed on as it came. So is what stands in the body of a function.
//! 2. What has an attribute of ours is passed on: it says itself what is to become of it.
//! 3. What `#[trace::region]` refuses is passed on, see [`Annotation::function`].

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::{Error, LitStr, Result};

use crate::args::{self, Arguments};
use crate::function::{Function, is, typed};
use crate::items::{self, Item, ItemKind};
use crate::model::{Kind, Model};
use crate::{expand, names};

const REGION_ALL: &str = "`#[trace::region_all]`";

/// The annotated item, or the one error to report.
pub(crate) fn region_all(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let (mut annotated, items) = items::split(item);
    items.iter().try_for_each(belongs_here)?;
    let annotation = Annotation { facade: args::parse_facade(REGION_ALL, arguments)? };
    for item in items {
        annotation.item(item, None, &mut annotated)?;
    }
    Ok(annotated.into_iter().collect())
}

fn belongs_here(item: &Item) -> Result<()> {
    let found = match item.kind {
        ItemKind::Module if item.braces().is_none() => {
            return Err(in_another_file(item, "put it on what is in that file"));
        }
        ItemKind::Impl | ItemKind::Module | ItemKind::Trait => return Ok(()),
        ItemKind::Function => ", found a function: use `#[trace::region]`",
        ItemKind::Other => "",
    };
    let message =
        format_args!("{REGION_ALL} belongs on an `impl` block, a trait or a module{found}");
    Err(Error::new(span(item), message))
}

fn in_another_file(module: &Item, instead: &str) -> Error {
    let message = format_args!("{REGION_ALL} cannot see a module in another file: {instead}");
    Error::new(span(module), message)
}

/// What all functions are annotated with.
struct Annotation {
    /// The path of the library, if one was given.
    facade: Option<TokenStream>,
}

impl Annotation {
    /// Appends the item with its functions annotated; `owner` is what they are called after.
    fn item(&self, item: Item, owner: Option<&str>, annotated: &mut Vec<TokenTree>) -> Result<()> {
        if item.attributes().chunks(2).any(|attribute| self.is_ours(attribute)) {
            annotated.extend(item.tokens);
            return Ok(());
        }
        match (item.kind, item.braces()) {
            (ItemKind::Function, _) => annotated.extend(self.function(item.tokens, owner)),
            (ItemKind::Impl, Some(braces)) => {
                let owner = names::of_impl(item.head());
                self.block(item, &braces, owner.as_deref(), annotated)?;
            }
            (ItemKind::Trait, Some(braces)) => {
                let owner = names::of_trait(item.head());
                self.block(item, &braces, owner.as_deref(), annotated)?;
            }
            (ItemKind::Module, Some(braces)) => self.block(item, &braces, None, annotated)?,
            (ItemKind::Module, None) => {
                let instead =
                    "move the declaration out of this module, and put it on what is in that file";
                return Err(in_another_file(&item, instead));
            }
            (ItemKind::Impl | ItemKind::Trait | ItemKind::Other, _) => {
                annotated.extend(item.tokens);
            }
        }
        Ok(())
    }

    /// Appends the item with the functions between its braces annotated.
    fn block(
        &self,
        mut item: Item,
        braces: &Group,
        owner: Option<&str>,
        annotated: &mut Vec<TokenTree>,
    ) -> Result<()> {
        let (mut inside, items) = items::split(braces.stream());
        for item in items {
            self.item(item, owner, &mut inside)?;
        }
        let mut whole = Group::new(Delimiter::Brace, inside.into_iter().collect());
        whole.set_span(braces.span());
        item.tokens.pop();
        annotated.append(&mut item.tokens);
        annotated.push(TokenTree::Group(whole));
        Ok(())
    }

    /// The annotated function, or the same tokens.
    ///
    /// What `#[trace::region]` refuses stays as it is: functions without a body, `const` and naked
    /// ones, and `gen` ones for as long as it refuses these. No rule is repeated here: what it takes some
    /// day, this takes as well.
    fn function(&self, tokens: Vec<TokenTree>, owner: Option<&str>) -> Vec<TokenTree> {
        let model =
            Function::parse(Kind::Region, tokens.iter().cloned().collect()).and_then(|function| {
                let arguments = Arguments {
                    name: owner.map(|owner| full_name(owner, &function.name)),
                    facade: self.facade.clone(),
                    ..Arguments::default()
                };
                Model::of(Kind::Region, arguments, function)
            });
        match model {
            Ok(model) => expand::expand(model).into_iter().collect(),
            Err(_) => tokens,
        }
    }

    /// Whether this attribute, `#` and `[…]`, is one of ours.
    fn is_ours(&self, attribute: &[TokenTree]) -> bool {
        match attribute {
            [_, TokenTree::Group(inside)] => {
                self.names_ours(&typed(&inside.stream().into_iter().collect::<Vec<_>>()))
            }
            _ => false,
        }
    }

    fn names_ours(&self, attribute: &[TokenTree]) -> bool {
        let len = attribute
            .iter()
            .take_while(|token| matches!(token, TokenTree::Ident(_)) || is(token, ':'))
            .count();
        let (path, behind) = attribute.split_at(len);
        let path = words(path);
        let Some((name, library)) = path.split_last() else { return false };
        match name.as_str() {
            "region" | "region_all" | "skip" | "task" => self.may_be_library(library),
            // The standard library has one as well.
            "main" | "test" => !library.is_empty() && self.may_be_library(library),
            // Whether the condition holds is not known here. If it does not, then tracing is most likely
            // not wanted.
            "cfg_attr" => match behind {
                [TokenTree::Group(group)] => {
                    let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                    let mut attributes = inside.split(|token| is(token, ',')).skip(1);
                    attributes.any(|attribute| self.names_ours(attribute))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether such words can stand in front of a name for it to be ours: none, if it was imported; the library's
    /// name; or what it is said to be called here. Other libraries have tasks, too.
    fn may_be_library(&self, path: &[String]) -> bool {
        let facade = self.facade.clone().map(|facade| facade.into_iter().collect::<Vec<_>>());
        path.is_empty()
            || *path == ["trace"]
            || facade.is_some_and(|facade| words(&facade) == *path)
    }
}

fn full_name(owner: &str, function: &Ident) -> LitStr {
    LitStr::new(&format!("{owner}::{}", function.unraw()), function.span())
}

fn span(item: &Item) -> Span {
    item.word().map_or_else(Span::call_site, TokenTree::span)
}

/// The words of a path.
fn words(path: &[TokenTree]) -> Vec<String> {
    let words = path.iter().filter(|token| matches!(token, TokenTree::Ident(_)));
    words.map(TokenTree::to_string).collect()
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    fn tokens(source: &str) -> TokenStream {
        TokenStream::from_str(source).expect("tokens")
    }

    /// What the regions are called.
    fn names(item: &str) -> Vec<String> {
        let annotated = region_all(TokenStream::new(), tokens(item))
            .unwrap_or_else(|error| panic!("{item}: {error}"));
        let text = annotated.to_string();
        let names = text.split("Callsite :: region (\"").skip(1);
        names.map(|behind| behind.split('"').next().unwrap().into()).collect()
    }

    #[track_caller]
    fn is_untouched(item: &str) {
        let annotated = region_all(TokenStream::new(), tokens(item)).unwrap();
        assert_eq!(annotated.to_string(), tokens(item).to_string());
    }

    #[test]
    fn functions_are_called_after_where_they_are() {
        assert_eq!(
            names("impl<T> a::Cup<T> { fn r#yield() {} pub fn f() {} }"),
            ["Cup::yield", "Cup::f"]
        );
        assert_eq!(names("unsafe impl Brew for Cup { fn f() {} }"), ["Cup::f"]);
        assert_eq!(names("default impl<T> Brew for T { fn f() {} }"), ["Brew::f"]);
        assert_eq!(names("impl [u8] { fn f() {} }"), ["f"]);
        assert_eq!(names("pub unsafe auto trait Brew: Sized { fn f() {} fn g(); }"), ["Brew::f"]);
        assert_eq!(
            names(
                "mod a { fn f() {} impl Cup { fn f() {} } pub(crate) mod b { fn g() {} trait T { fn f() {} } } \
                 fn h() { fn i() {} } }"
            ),
            ["f", "Cup::f", "g", "T::f", "h"]
        );
    }

    #[test]
    fn what_no_region_can_be_on_is_passed_over() {
        is_untouched(
            "impl A { const fn f() {} pub const unsafe fn g() {} const fn h() -> u8 { 3 } }",
        );
        is_untouched(
            "mod a { #[unsafe(naked)] extern \"C\" fn f() {} #[naked] extern \"C\" fn g() {} }",
        );
        is_untouched(
            "trait A { fn f(); unsafe fn g() -> [u8; { 3 }]; const C: u8 = { 3 }; type T; }",
        );
        is_untouched("mod a { unsafe extern \"C\" { fn f(); } extern { fn g(); } trait A = B; }");
        is_untouched(
            "mod a { m! { fn f() {} } a::m!(fn f() {}); macro_rules! n { () => { fn f() {} } } }",
        );
        is_untouched("mod a { #![allow(unused)] //! Inside.\n const A: u8 = { fn f() {} 3 }; }");
    }

    #[test]
    fn what_has_an_attribute_of_ours_is_passed_over() {
        for attribute in [
            "skip",
            "trace::skip",
            "::trace::skip",
            "region",
            "trace::test",
            "trace::region(\"f\", args(x))",
            "trace::task()",
            "trace::region_all(crate = a)",
            "cfg_attr(any(a, b), inline, trace::skip)",
            "cfg_attr(a, cfg_attr(b, trace::region))",
        ] {
            is_untouched(&format!("impl A {{ #[inline] #[{attribute}] #[cold] fn f() {{}} }}"));
            is_untouched(&format!("mod a {{ #[{attribute}] impl A {{ fn f() {{}} }} }}"));
            is_untouched(&format!("#[{attribute}] impl A {{ fn f() {{}} }}"));
        }
        let others = [
            "rustfmt::skip",
            "doc = \"skip\"",
            "cfg_attr(skip, cold)",
            "a(region)",
            "executor::task",
            "main",
        ];
        for attribute in others {
            assert_eq!(names(&format!("mod a {{ #[{attribute}] fn f() {{}} }}")), ["f"]);
        }
        // By another name, which has to be told.
        let item = "mod a { #[a::b::region] fn f() {} fn g() {} }";
        let annotated = region_all(tokens("crate = ::a::b"), tokens(item)).unwrap().to_string();
        assert!(!annotated.contains("\"f\"") && annotated.contains("\"g\""), "{annotated}");
    }

    #[test]
    fn anything_else_is_an_error() {
        let message = |arguments, item| {
            region_all(tokens(arguments), tokens(item)).expect_err(item).to_string()
        };
        for item in ["pub struct A {}", "const A: u8 = 3;", "a! {}", "extern \"C\" {}", "#[a] ;"] {
            assert_eq!(
                message("", item),
                "`#[trace::region_all]` belongs on an `impl` block, a trait or a module"
            );
        }
        assert!(message("", "pub async fn f() {}").contains("use `#[trace::region]`"));
        assert!(message("", "mod a;").contains("another file: put it"));
        assert!(
            message("", "mod a { impl A {} mod b { pub mod c; } }").contains("another file: move")
        );
        assert!(message("name", "impl A {}").starts_with("unknown argument `name`"));
        assert!(
            message("crate = a, crate = b", "impl A {}").starts_with("duplicate `crate = path`")
        );
        assert!(message("\"a\"", "impl A {}").contains("takes `crate = path`"));
        assert!(message("crate = 3", "impl A {}").starts_with("`crate` takes the path"));
    }
}
