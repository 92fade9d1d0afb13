//! Takes secrets out of texts that people or files get to see.

use crate::model::secret::Secret;

/// What stands for a secret.
const HIDDEN: &str = "***";

/// A text without the secret, and without what stands on a line behind one of the words of the
/// dialect: `password: x` becomes `password: ***`.
pub fn all(text: &str, secret: Option<&Secret>, mask: &[String]) -> String {
    let text = words(text, mask);
    match secret {
        Some(secret) => secret.hide_in(&text),
        None => text,
    }
}

/// A text without what stands on a line behind one of these words, whatever their case.
pub fn words(text: &str, mask: &[String]) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\r', '\n']);
        match mask.iter().filter_map(|word| behind(body, word)).min() {
            Some(at) => {
                let (kept, _) = body.split_at(at);
                shown.push_str(kept);
                shown.push_str(HIDDEN);
                shown.push_str(line.get(body.len()..).unwrap_or(""));
            }
            None => shown.push_str(line),
        }
    }
    shown
}

/// Where the value behind a word begins, if the line has the word and a value.
fn behind(line: &str, word: &str) -> Option<usize> {
    // ASCII capitals do not move anything
    let (lower, word) = (line.to_ascii_lowercase(), word.to_ascii_lowercase());
    if word.is_empty() {
        return None;
    }
    lower.match_indices(&word).find_map(|(at, _)| {
        let end = at + word.len();
        let rest = line.get(end..)?;
        let value = rest.trim_start_matches(|c: char| !c.is_alphanumeric() && !is_secret_start(c));
        let begins = rest.len() > value.len() && !value.is_empty();
        begins.then(|| line.len() - value.len())
    })
}

/// Signs with which a secret may begin, unlike those that stand between a word and its value.
fn is_secret_start(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, ':' | '=' | '"' | '\'' | '>' | '-' | ',' | '(' | '[')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        words(text, &["password".to_owned()])
    }

    #[test]
    fn values_behind_a_word_are_hidden() {
        assert_eq!(
            masked("Password : s3cret one\r\nnext\n"),
            "Password : ***\r\nnext\n"
        );
        assert_eq!(masked("user password=\"x\" more"), "user password=\"***");
        assert_eq!(masked("password $x"), "password ***");
        assert_eq!(masked("a password"), "a password");
        assert_eq!(masked("a password:"), "a password:");
        assert_eq!(masked("passwordless"), "passwordless");
        assert_eq!(masked("É password é"), "É password ***");
    }

    #[test]
    fn a_known_secret_is_hidden_anywhere() {
        let secret = Secret::new("hunter2");
        assert_eq!(
            all("you typed hunter2!", Some(&secret), &[]),
            "you typed ***!"
        );
    }
}
