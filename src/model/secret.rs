//! A password: compared and sent, never printed.

use std::fmt;

/// Shortest password that is looked for in what a server says; a shorter one would black out
/// every other word.
const LEAST: usize = 3;

/// A password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a password in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password, for the server alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// A text without the password, should a server send it back.
    pub fn hide_in(&self, text: &str) -> String {
        if self.0.len() < LEAST {
            return text.to_owned();
        }
        text.replace(&self.0, "***")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = Secret::new("s3cret");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(secret.hide_in("you said s3cret!"), "you said ***!");
        assert_eq!(Secret::new("a").hide_in("a man"), "a man");
    }
}
