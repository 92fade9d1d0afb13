//! Passwords, tokens and keys: told by the word in front of them.

use std::sync::Arc;

use regex::bytes::Regex;

/// What stands for a secret.
pub const HIDDEN: &str = "redacted";

/// The shapes of secrets; the group `v` is the secret.
const SHAPES: &[&str] = &[
    // key="value", key: value, "key": "value"
    r#"(?i)\b[\w.-]*(?:passw(?:or)?d|passphrase|pass_?word|pwd|secret|token|api[_-]?key|community|credentials?|pre-?shared[_ -]?key|psk|private[_-]?key|session_?id|jsessionid|cookie_?value)["']?\s*[=:]\s*(?:"(?P<v>[^"\r\n]{1,512})"|'(?P<w>[^'\r\n]{1,512})'|(?P<x>[^\s"'<>,;&|)\]}]{1,512}))"#,
    // <password item="1">value</password>
    r"(?i)<[\w:.-]*(?:password|passwd|passphrase|secret|token|apikey|community|credential|sharedkey|privatekey)(?:\s[^<>]*)?>(?P<v>[^<>\r\n]{1,2048})</",
    // commands of SNMP
    r#"(?i)\b(?:snmp-server\s+)?community\s+(?:name\s+|string\s+)?["']?(?P<v>[^\s"']{2,64})"#,
    // HTTP
    r"(?i)\b(?:proxy-)?authorization\s*[:=]\s*(?:basic|bearer|digest|ntlm|negotiate)?\s*(?P<v>[^\r\n]{1,4096})",
    r"(?i)\b(?:set-)?cookie\s*:\s*(?P<v>[^\r\n]{1,4096})",
    r"(?i)\b(?:basic|bearer)\s+(?P<v>[A-Za-z0-9+/_.=-]{12,4096})",
    // user and password of an address
    r"(?i)[a-z][a-z0-9+.-]*://[^\s:/@<>]{0,128}:(?P<v>[^\s/@<>]{1,256})@",
    // the cookie of Erlang nodes
    r#"(?i)(?:-setcookie\s+|\bset_cookie\([^,()]*,\s*)["']?(?P<v>[^\s"')]{2,255})"#,
    // hashes of passwords
    r"(?P<v>(?:SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=$:]{20,}|\$(?:1|2[aby]?|5|6|y)\$[A-Za-z0-9./$=,]{8,}|\bmd5[0-9a-f]{32}\b|\{(?:cipher|ssha|sha)\}[A-Za-z0-9+/=$]+))",
];

/// Finds secrets.
#[derive(Clone, Debug)]
pub struct Secrets(Arc<Vec<Regex>>);

impl Secrets {
    /// The shapes, ready to be looked for.
    ///
    /// # Errors
    /// When one of them is wrong, which a test rules out.
    pub fn new() -> Result<Self, String> {
        let compiled = SHAPES.iter().map(|shape| Regex::new(shape));
        let compiled: Result<Vec<Regex>, _> = compiled.collect();
        compiled
            .map(|all| Self(Arc::new(all)))
            .map_err(|error| error.to_string())
    }

    /// Every secret of a line: where it begins and ends.
    pub fn find(&self, line: &[u8], out: &mut dyn FnMut(usize, usize)) {
        // a line without any of these has none
        if !line
            .iter()
            .any(|byte| matches!(byte, b':' | b'=' | b'<' | b'$' | b' ' | b'{'))
        {
            return;
        }
        for shape in self.0.iter() {
            for found in shape.captures_iter(line) {
                let groups = ["v", "w", "x"].iter().filter_map(|name| found.name(name));
                for value in groups.filter(|value| is_secret(value.as_bytes())) {
                    out(value.start(), value.end());
                }
            }
        }
    }
}

/// What is no secret: nothing, what was taken out already, words that speak about one.
fn is_secret(value: &[u8]) -> bool {
    const SAID: &[&str] = &[
        "redacted",
        "true",
        "false",
        "null",
        "none",
        "yes",
        "no",
        "not",
        "on",
        "off",
        "enabled",
        "disabled",
        "required",
        "expired",
        "invalid",
        "incorrect",
        "failed",
        "is",
        "was",
        "the",
        "to",
        "for",
        "and",
        "in",
        "wrong",
        "missing",
        "unknown",
        "ok",
        "set",
        "unset",
        "default",
        "empty",
        "password",
        "public",
        "private",
        "string",
        "names",
    ];
    let value = value.trim_ascii();
    let masked = value
        .iter()
        .all(|byte| matches!(byte, b'*' | b'x' | b'X' | b'.' | b'-' | b'?'));
    let said = SAID
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word.as_bytes()));
    !value.is_empty() && !masked && !said
}
