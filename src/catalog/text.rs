//! Texts in several languages, English always among them.

use serde::{Deserialize, Serialize};

/// A language the program speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
    /// Brazilian Portuguese.
    PtBr,
}

impl Lang {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::En, Self::Ko, Self::PtBr];

    /// Its code.
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ko => "ko",
            Self::PtBr => "pt-BR",
        }
    }

    /// Reads a code or a POSIX locale name, such as `pt`, `pt_BR` or `ko_KR.UTF-8`.
    pub fn parse(name: &str) -> Option<Self> {
        let language = name
            .split(['.', '@'])
            .next()
            .unwrap_or("")
            .replace('_', "-")
            .to_ascii_lowercase();
        match language.split('-').next().unwrap_or("") {
            "en" | "c" | "posix" => Some(Self::En),
            "ko" => Some(Self::Ko),
            "pt" => Some(Self::PtBr),
            _ => None,
        }
    }
}

/// A text; a language it lacks falls back to English.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// English.
    pub en: String,
    /// Korean, if translated.
    pub ko: Option<String>,
    /// Brazilian Portuguese, if translated.
    pub pt_br: Option<String>,
}

impl Text {
    /// The text in this language, else in English.
    pub fn get(&self, lang: Lang) -> &str {
        self.translated(lang).unwrap_or(&self.en)
    }

    /// The text about no incident in particular: stretches with values are left out.
    pub fn general(&self, lang: Lang) -> String {
        fill(self.get(lang), &|_| None)
    }

    /// The text in this language, if there is one.
    pub fn translated(&self, lang: Lang) -> Option<&str> {
        match lang {
            Lang::En => Some(&self.en),
            Lang::Ko => self.ko.as_deref(),
            Lang::PtBr => self.pt_br.as_deref(),
        }
    }
}

/// Puts values into `{{name}}` places; a name without a value is a question mark. A stretch
/// `[[ … ]]` is left out when a name in it has no value.
pub fn fill(template: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("[[") {
        let Some((stretch, tail)) = after.split_once("]]") else {
            break;
        };
        out.push_str(&places(before, value));
        if placeholders(stretch).all(|name| value(name).is_some()) {
            out.push_str(&places(stretch, value));
        }
        rest = tail;
    }
    out.push_str(&places(rest, value));
    out
}

fn places(template: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        out.push_str(&value(name.trim()).unwrap_or_else(|| "?".to_owned()));
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// The names of the `{{name}}` places of a template.
pub fn placeholders(template: &str) -> impl Iterator<Item = &str> {
    template
        .split("{{")
        .skip(1)
        .filter_map(|part| part.split_once("}}").map(|(name, _)| name.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_locale_names() {
        assert_eq!(Lang::parse("pt_BR.UTF-8"), Some(Lang::PtBr));
        assert_eq!(Lang::parse("ko"), Some(Lang::Ko));
        assert_eq!(Lang::parse("C.UTF-8"), Some(Lang::En));
        assert_eq!(Lang::parse("de"), None);
    }

    #[test]
    fn fills_places() {
        let value = |name: &str| (name == "node").then(|| "a".to_owned());
        assert_eq!(
            fill("{{node}} to {{ peer }}, {{open", &value),
            "a to ?, {{open"
        );
        assert_eq!(
            fill("by[[ {{node}}]][[ from {{peer}}]], [[open", &value),
            "by a, [[open"
        );
        assert_eq!(fill("[[{{", &|_| Some("]]".to_owned())), "[[{{");
        assert_eq!(
            placeholders("{{a}} b {{ c }}").collect::<Vec<_>>(),
            ["a", "c"]
        );
    }
}
