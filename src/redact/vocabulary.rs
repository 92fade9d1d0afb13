//! Words that nobody's name is: those of the rules and of the formats.

use std::collections::HashSet;
use std::sync::Arc;

use crate::model::format::FORMATS;

/// Words of records, names and protocols that no rule happens to hold.
const MORE: &[&str] = &[
    "localhost",
    "localdomain",
    "root",
    "admin",
    "administrator",
    "user",
    "guest",
    "anonymous",
    "nobody",
    "system",
    "daemon",
    "service",
    "true",
    "false",
    "null",
    "none",
    "nil",
    "unknown",
    "undefined",
    "default",
    "any",
    "all",
    "self",
    "yes",
    "no",
    "on",
    "off",
    "enabled",
    "disabled",
    "local",
    "remote",
    "internal",
    "external",
    "public",
    "private",
    "cms",
    "kernel",
    "syslog",
    "template0",
    "template1",
    "sip",
    "sips",
    "xmpp",
    "http",
    "https",
    "tcp",
    "udp",
    "tls",
    "jabber",
    "www",
    "com",
    "net",
    "org",
    "lan",
    "corp",
    "home",
    "intranet",
    "ca",
    "root-ca",
    "inc",
    "ltd",
    "gmbh",
    "corporation",
    "company",
    "the",
    "and",
    "of",
    "for",
    "to",
    "from",
    "by",
    "in",
    "at",
    "with",
    "string",
    "int",
    "integer",
    "enum",
    "float",
    "authority",
    "trust",
    "global",
    "test",
    "example",
    "invalid",
    "mar",
    "jan",
    "feb",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "utc",
    "gmt",
];

/// The words, in lower case.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary(Arc<HashSet<String>>);

impl Vocabulary {
    /// The words of these texts, which are all that the rules hold, and of the formats.
    pub fn new<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut words = HashSet::new();
        texts.into_iter().for_each(|text| add(text, &mut words));
        for format in FORMATS {
            add(format.id, &mut words);
            let fields = format.fields.iter();
            fields.for_each(|field| add(field.name, &mut words));
        }
        MORE.iter().for_each(|word| add(word, &mut words));
        Self(Arc::new(words))
    }

    /// True for a word that the product or everybody uses.
    pub fn has(&self, word: &str) -> bool {
        self.0.contains(&word.to_ascii_lowercase())
    }
}

/// Adds the words of a text, and the parts of those that have signs inside.
fn add(text: &str, words: &mut HashSet<String>) {
    let whole = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    for word in text.split(whole) {
        let word = word.trim_matches(['.', '-', '_']).to_ascii_lowercase();
        for part in word.split(['.', '-', '_']).filter(|part| !part.is_empty()) {
            words.insert(part.to_owned());
        }
        if !word.is_empty() {
            words.insert(word);
        }
    }
}
