//! What is left when an annotation is refused.
//!
//! The item stays as it was typed: its callers still compile, so the one error that is
//! reported is the one to correct.

use proc_macro2::TokenStream;

pub(crate) fn fallback(error: &syn::Error, item: TokenStream) -> TokenStream {
    let mut tokens = error.to_compile_error();
    tokens.extend(item);
    tokens
}
