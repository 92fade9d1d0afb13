//! Bounded copies of source text: the only way text of a record outlives it.

use std::sync::Arc;

/// Longest excerpt in bytes; what is longer is cut at a character and ends in `…`.
pub const EXCERPT_BYTES: usize = 600;

/// A bounded copy of `text`, as written.
pub fn excerpt(text: &str) -> Arc<str> {
    let text = text.trim_end();
    if text.len() <= EXCERPT_BYTES {
        return text.into();
    }
    let end = text.floor_char_boundary(EXCERPT_BYTES);
    format!("{}…", text.get(..end).unwrap_or("")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_at_a_character() {
        let long = "한".repeat(400);
        let cut = excerpt(&long);
        assert!(cut.len() <= EXCERPT_BYTES + 3 && cut.ends_with('…'));
        assert_eq!(&*excerpt("a b \n"), "a b");
    }
}
