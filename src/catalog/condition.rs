//! The condition language: what a record must look like. Syntax only; `detect::matcher` evaluates.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};
use serde::{Deserialize, Serialize};

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Hash)]
pub enum Op {
    /// The whole value.
    Equals,
    /// A part of it.
    Contains,
    /// Its beginning.
    StartsWith,
    /// Its end.
    EndsWith,
    /// A regular expression.
    Re,
    /// An address inside a network.
    Cidr,
    /// The field is there (`true`) or not (`false`).
    Exists,
    /// A greater number.
    Gt,
    /// A greater or equal number.
    Gte,
    /// A smaller number.
    Lt,
    /// A smaller or equal number.
    Lte,
    /// The value of another field.
    FieldRef,
    /// A port that plays this part, as `ports.yaml` says.
    PortRole,
}

impl Op {
    /// True for comparisons of text with text.
    pub fn is_plain(self) -> bool {
        matches!(
            self,
            Self::Equals | Self::Contains | Self::StartsWith | Self::EndsWith
        )
    }
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Hash)]
pub struct Test {
    /// Field of the format.
    pub field: String,
    /// Comparison.
    pub op: Op,
    /// Values; one fitting value is enough unless `all`.
    pub values: Vec<String>,
    /// Every value has to fit.
    pub all: bool,
    /// ASCII case matters.
    pub cased: bool,
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.op == Op::Exists {
            let there = self.values.iter().any(|value| value == "true");
            return write!(
                f,
                "{} is {}",
                self.field,
                if there { "there" } else { "absent" }
            );
        }
        let op = match self.op {
            Op::Equals => "is",
            Op::Contains => "contains",
            Op::StartsWith => "starts with",
            Op::EndsWith => "ends with",
            Op::Re => "matches",
            Op::Cidr => "is in",
            Op::Exists => "is there",
            Op::Gt => ">",
            Op::Gte => ">=",
            Op::Lt => "<",
            Op::Lte => "<=",
            Op::FieldRef => "is that of",
            Op::PortRole => "is a port of",
        };
        let joined = self.values.join(if self.all { " and " } else { " or " });
        write!(f, "{} {op} {joined}", self.field)
    }
}

/// A condition in words that follow the way it is written in rules.
pub fn written(condition: &Condition) -> String {
    let alternatives: Vec<String> = condition
        .iter()
        .map(|tests| {
            let tests: Vec<String> = tests.iter().map(Test::to_string).collect();
            tests.join(", ")
        })
        .collect();
    alternatives.join("; or ")
}

/// Alternatives, each a list of tests that must all hold.
pub type Condition = Vec<Vec<Test>>;

/// Why a `where` key or value is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What is wrong.
    pub message: String,
    /// The part of the key it is about, for near names.
    pub word: Option<String>,
}

/// Reads one `where` entry: `field|modifier|…` and its values.
pub fn parse_test(key: &str, values: Vec<String>) -> Result<Test, Refused> {
    let mut parts = key.split('|');
    let field = parts.next().unwrap_or("").to_owned();
    let mut test = Test {
        field,
        op: Op::Equals,
        values,
        all: false,
        cased: false,
    };
    for modifier in parts {
        match modifier {
            "all" => test.all = true,
            "cased" => test.cased = true,
            _ => test.op = op(modifier).ok_or_else(|| unknown_modifier(modifier))?,
        }
    }
    check_values(&test)?;
    Ok(test)
}

/// Every modifier that stands for a comparison.
pub const MODIFIERS: &[(&str, Op)] = &[
    ("contains", Op::Contains),
    ("startswith", Op::StartsWith),
    ("endswith", Op::EndsWith),
    ("re", Op::Re),
    ("cidr", Op::Cidr),
    ("exists", Op::Exists),
    ("gt", Op::Gt),
    ("gte", Op::Gte),
    ("lt", Op::Lt),
    ("lte", Op::Lte),
    ("fieldref", Op::FieldRef),
    ("port_role", Op::PortRole),
];

fn op(modifier: &str) -> Option<Op> {
    MODIFIERS
        .iter()
        .find(|(name, _)| *name == modifier)
        .map(|(_, op)| *op)
}

fn unknown_modifier(modifier: &str) -> Refused {
    Refused {
        message: format!("unknown modifier '{modifier}'"),
        word: Some(modifier.to_owned()),
    }
}

fn check_values(test: &Test) -> Result<(), Refused> {
    let refuse = |message: String| {
        Err(Refused {
            message,
            word: None,
        })
    };
    if test.values.is_empty() {
        return refuse(format!("'{}' has no value", test.field));
    }
    for value in &test.values {
        match test.op {
            Op::Re => {
                if let Err(error) = regex(value, test.cased) {
                    return refuse(format!("regular expression '{value}': {error}"));
                }
            }
            Op::Cidr if Network::parse(value).is_none() => {
                return refuse(format!("'{value}' is not a network such as 10.0.0.0/8"));
            }
            Op::Exists if value != "true" && value != "false" => {
                return refuse(format!("exists takes true or false, not '{value}'"));
            }
            Op::Gt | Op::Gte | Op::Lt | Op::Lte if value.parse::<f64>().is_err() => {
                return refuse(format!("'{value}' is not a number"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Largest compiled size of one pattern, in bytes.
const REGEX_SIZE: usize = 1 << 20;

/// Compiles a pattern as rules mean it; an error is one line.
///
/// In a pattern of ASCII characters alone `\w`, `\d`, `\s`, `\b` and the case of letters are those
/// of ASCII: names of hosts and words of products are, and the tables of all alphabets made
/// patterns ten times larger and twice as slow. One that spells another alphabet knows all of them.
pub fn regex(pattern: &str, cased: bool) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .case_insensitive(!cased)
        .unicode(!pattern.is_ascii())
        .size_limit(REGEX_SIZE)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(limit) => {
                format!("larger than {limit} bytes when compiled")
            }
            other => other
                .to_string()
                .lines()
                .last()
                .unwrap_or("")
                .trim()
                .trim_start_matches("error: ")
                .to_owned(),
        })
}

/// An IPv4 or IPv6 network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    bits: u128,
    mask: u128,
    v4: bool,
}

impl Network {
    /// Reads `address/length`.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let (bits, v4) = address_bits(address)?;
        let width: u32 = if v4 { 32 } else { 128 };
        let length: u32 = length.parse().ok().filter(|length| *length <= width)?;
        let mask = u128::MAX.checked_shl(width - length).unwrap_or(0)
            & if v4 { u128::from(u32::MAX) } else { u128::MAX };
        Some(Self {
            bits: bits & mask,
            mask,
            v4,
        })
    }

    /// True when the address lies in the network.
    pub fn contains(&self, address: &str) -> bool {
        address_bits(address)
            .is_some_and(|(bits, v4)| v4 == self.v4 && bits & self.mask == self.bits)
    }
}

fn address_bits(text: &str) -> Option<(u128, bool)> {
    match text.parse().ok()? {
        std::net::IpAddr::V4(v4) => Some((u128::from(u32::from(v4)), true)),
        std::net::IpAddr::V6(v6) => Some((u128::from(v6), false)),
    }
}

/// Shortest literal worth searching for.
pub const LITERAL_BYTES: usize = 3;

/// The literals of which at least one stands in the bytes of every record that fits the
/// condition, or `None` when the condition promises no such literal. `weight` tells how well a
/// field's values tell records apart, and nothing for fields whose value does not stand in the
/// record as it is.
pub fn literals(condition: &Condition, weight: &dyn Fn(&str) -> Option<u8>) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for tests in condition {
        let best = tests
            .iter()
            .filter_map(|test| Some((weight(&test.field)?, test_literals(test)?)))
            .max_by_key(|(weight, set)| (*weight, set.iter().map(String::len).min()))?;
        found.extend(best.1);
    }
    found.sort_unstable();
    found.dedup();
    Some(found)
}

fn test_literals(test: &Test) -> Option<Vec<String>> {
    let of_value = |value: &String| match test.op {
        Op::Equals | Op::Contains | Op::StartsWith | Op::EndsWith => plain_run(value),
        Op::Re => regex_literal(value),
        _ => None,
    };
    if test.all {
        let longest = test
            .values
            .iter()
            .filter_map(of_value)
            .max_by_key(String::len)?;
        return Some(vec![longest]);
    }
    test.values.iter().map(of_value).collect()
}

/// The longest run of characters that parsers never fold or unescape.
fn plain_run(value: &str) -> Option<String> {
    let folded = |c: char| c.is_control() || matches!(c, '#' | '|' | '\\' | '"' | '<' | '>' | '&');
    let run = value.split(folded).max_by_key(|run| run.len())?;
    (run.len() >= LITERAL_BYTES).then(|| run.to_owned())
}

/// The longest literal that every match of the pattern contains, but for the case of letters.
fn regex_literal(pattern: &str) -> Option<String> {
    let unicode = !pattern.is_ascii();
    let mut parser = ParserBuilder::new().unicode(unicode).utf8(false).build();
    let hir = parser.parse(pattern).ok()?;
    let mut runs = Runs::default();
    runs.read(&hir);
    runs.end();
    runs.best
}

/// Characters of a pattern that stand side by side in every match.
#[derive(Default)]
struct Runs {
    run: Vec<u8>,
    /// The longest run so far.
    best: Option<String>,
}

impl Runs {
    fn read(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Literal(literal) => self.run.extend(&literal.0),
            HirKind::Class(class) => match letter(class) {
                Some(letter) => self.run.push(letter),
                None => self.end(),
            },
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.read(part)),
            HirKind::Capture(capture) => self.read(&capture.sub),
            HirKind::Look(_) => {}
            HirKind::Repetition(repetition) => {
                self.end();
                if repetition.min > 0 {
                    self.read(&repetition.sub);
                    self.end();
                }
            }
            HirKind::Empty | HirKind::Alternation(_) => self.end(),
        }
    }

    /// What comes next does not stand beside what came.
    fn end(&mut self) {
        let run = std::mem::take(&mut self.run);
        let run = std::str::from_utf8(&run).ok().and_then(plain_run);
        if run.as_ref().map_or(0, String::len) > self.best.as_ref().map_or(0, String::len) {
            self.best = run;
        }
    }
}

/// The letter of which a class holds both cases and nothing else.
fn letter(class: &Class) -> Option<u8> {
    let Class::Bytes(class) = class else {
        return None;
    };
    match class.ranges() {
        [upper, lower] => {
            let single = upper.start() == upper.end() && lower.start() == lower.end();
            let both = upper.start().is_ascii_uppercase()
                && upper.start().to_ascii_lowercase() == lower.start();
            (single && both).then_some(lower.start())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(key: &str, values: &[&str]) -> Test {
        parse_test(key, values.iter().map(|v| (*v).to_owned()).collect()).unwrap()
    }

    #[test]
    fn modifiers_are_read_and_checked() {
        let t = test("message|contains|all|cased", &["a", "b"]);
        assert_eq!(
            (t.field.as_str(), t.op, t.all, t.cased),
            ("message", Op::Contains, true, true)
        );
        assert!(
            parse_test("message|containz", vec!["a".into()])
                .unwrap_err()
                .word
                .is_some()
        );
        assert!(
            parse_test("message|re", vec!["(".into()])
                .unwrap_err()
                .message
                .contains("regular expression")
        );
        assert!(parse_test("a|cidr", vec!["10.0.0.0/33".into()]).is_err());
        assert!(parse_test("a|gt", vec!["x".into()]).is_err());
    }

    #[test]
    fn networks_hold_their_addresses() {
        let n = Network::parse("10.1.0.0/16").unwrap();
        assert!(n.contains("10.1.255.1") && !n.contains("10.2.0.1") && !n.contains("::1"));
        assert!(Network::parse("0.0.0.0/0").unwrap().contains("1.2.3.4"));
        assert!(Network::parse("fe80::/10").unwrap().contains("fe80::1"));
    }

    #[test]
    fn the_longest_certain_literal_is_chosen() {
        let any = |_: &str| Some(1);
        let c = vec![vec![
            test("program", &["sfpool"]),
            test("message|contains", &["Connection refused"]),
        ]];
        assert_eq!(literals(&c, &any).unwrap(), ["Connection refused"]);
        let c = vec![vec![test(
            "message|re",
            &["Health check (?P<peer>\\S+): error"],
        )]];
        assert_eq!(literals(&c, &any).unwrap(), ["Health check "]);
        let c = vec![vec![test(
            "message|contains",
            &["long enough", "other one"],
        )]];
        assert_eq!(literals(&c, &any).unwrap(), ["long enough", "other one"]);
        let c = vec![vec![test("message|re", &["a|bc"])]];
        assert_eq!(literals(&c, &any), None);
        let c = vec![vec![test("message|contains", &["one\u{9}longer|x"])]];
        assert_eq!(literals(&c, &any).unwrap(), ["longer"]);
        assert_eq!(
            literals(&vec![vec![test("made", &["some value"])]], &|_| None),
            None
        );
    }

    #[test]
    fn a_pattern_without_regard_to_case_has_literals_too() {
        let of = |pattern: &str| regex_literal(pattern);
        let cases = [
            (
                r"(?i)https?://(?P<peer>[\w.-]+):8443/AXL\b.*\b200",
                ":8443/axl",
            ),
            (r"(?i)cannot (?P<what>open) (?:the )?file", "cannot open "),
            (r"one(?:two){2,}three?", "thre"),
            (r"[aA][bB][cC] ?[dD]", "abc"),
            (r"[a-c][xyz]longer", "longer"),
            (r"(?i)\bok\b done", "ok done"),
        ];
        for (pattern, literal) in cases {
            assert_eq!(of(pattern).as_deref(), Some(literal), "{pattern}");
        }
        // among all alphabets a k has three cases
        assert_eq!(of("(?i)ok then|never").as_deref(), None);
        assert_eq!(of("(?i)thank you 한").as_deref(), Some(" 한"));
        assert_eq!(of("thank you 한").as_deref(), Some("thank you 한"));
    }
}
