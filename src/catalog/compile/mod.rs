//! Rule files to a checked [`Catalog`]; every problem of every file at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::condition::{Op, Test};
use super::raw::{
    OneOrMany, Ordered, RawAlarm, RawDialect, RawFactRule, RawFault, RawGuide, RawLanguages,
    RawName, RawPort, RawReference, RawRemedy, RawRunbook, RawText,
};
use super::text::{Lang, Text, placeholders};
use super::{
    Alarm, Catalog, Dialect, FactRule, Fault, Name, NameKind, Port, Problem, Release, Remedy,
};
use super::{near, yaml};
use crate::model::report::Reference;
use crate::model::time::SECOND;

mod commands;
mod facts;
mod faults;
mod guides;
mod remedies;
mod signals;

pub(super) use signals::anchored;

/// A rule file in memory.
#[derive(Clone, Debug)]
pub struct RuleFile {
    /// First folder below the rules folder: `faults`, `facts`, `remedies`, `dialects`,
    /// `guides`, `runbooks`, `names`, `locales`, or the file's own name for `alarms.yaml`, `ports.yaml` and
    /// `releases.yaml`.
    pub kind: String,
    /// Path as printed in problems.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Deepest folder and most files that are read below a rules folder.
const DEPTH: usize = 16;
const FILES: usize = 20_000;

/// Reads every `.yaml` file below a folder, in the order of their paths.
pub fn read_folder(folder: &Path) -> Result<Vec<RuleFile>, Vec<Problem>> {
    let mut files = Vec::new();
    let mut problems = Vec::new();
    read_level(folder, None, 0, &mut files, &mut problems);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    if problems.is_empty() {
        Ok(files)
    } else {
        Err(problems)
    }
}

fn read_level(
    folder: &Path,
    kind: Option<&str>,
    depth: usize,
    files: &mut Vec<RuleFile>,
    problems: &mut Vec<Problem>,
) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            return problems.push(Problem::new(
                &folder.display().to_string(),
                error.to_string(),
            ));
        }
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        // not followed: a link could lead back up
        let Ok(meta) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        if meta.is_dir() && kind != Some("schema") {
            if depth < DEPTH {
                read_level(
                    &path,
                    Some(kind.unwrap_or(&name)),
                    depth + 1,
                    files,
                    problems,
                );
            } else {
                problems.push(Problem::new(
                    &path.display().to_string(),
                    "folders are nested too deep",
                ));
            }
        } else if meta.is_file() && (name.ends_with(".yaml") || name.ends_with(".yml")) {
            if files.len() >= FILES {
                return problems.push(Problem::new(
                    &path.display().to_string(),
                    format!("more than {FILES} rule files"),
                ));
            }
            match std::fs::read_to_string(&path) {
                Ok(text) => files.push(RuleFile {
                    kind: kind.unwrap_or(&name).to_owned(),
                    path: path.display().to_string(),
                    text,
                }),
                Err(error) => {
                    problems.push(Problem::new(&path.display().to_string(), error.to_string()));
                }
            }
        }
    }
}

/// A file while it is being compiled: collects problems with their places.
struct Cx<'f> {
    file: &'f RuleFile,
    problems: &'f mut Vec<Problem>,
}

impl Cx<'_> {
    /// Notes a problem at the last word of `path`, each word standing below the one before.
    fn refuse(&mut self, path: &[&str], message: impl Into<String>) {
        self.refuse_near(path, message, Vec::new());
    }

    fn refuse_near(&mut self, path: &[&str], message: impl Into<String>, near: Vec<String>) {
        let mut problem = Problem::new(&self.file.path, message);
        if let Some((line, column)) = yaml::locate(&self.file.text, path) {
            (problem.line, problem.column) = (Some(line), Some(column));
        }
        problem.near = near;
        self.problems.push(problem);
    }

    /// Reads a span such as `10m`; an absent one gives the default.
    fn span(&mut self, path: &[&str], text: Option<&str>, default: i64) -> i64 {
        let Some(text) = text else { return default };
        parse_span(text).unwrap_or_else(|| {
            self.refuse(
                path,
                format!("'{text}' is not a time span such as 30s, 10m or 2h"),
            );
            default
        })
    }
}

/// Microseconds of a span such as `500ms`, `30s`, `10m`, `2h` or `1d`.
pub fn parse_span(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = (text.get(..digits)?, text.get(digits..)?);
    let unit = match unit.trim() {
        "ms" => 1000,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3600 * SECOND,
        "d" => 86_400 * SECOND,
        _ => return None,
    };
    number
        .parse::<i64>()
        .ok()?
        .checked_mul(unit)
        .filter(|span| *span <= 366 * 86_400 * SECOND)
}

/// Adds files to a catalog; entries with a known id replace the older ones.
pub fn compile(mut catalog: Catalog, files: &[RuleFile]) -> Result<Catalog, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut places: BTreeMap<(String, String), &RuleFile> = BTreeMap::new();
    for file in files {
        let mut cx = Cx {
            file,
            problems: &mut problems,
        };
        let Some(id) = compile_file(&mut catalog, &mut cx) else {
            continue;
        };
        if let Some(other) = places.insert((file.kind.clone(), id.clone()), file) {
            Cx {
                file,
                problems: &mut problems,
            }
            .refuse(
                &["id", &id],
                format!("'{id}' is defined in {} as well", other.path),
            );
        }
    }
    catalog.faults.sort_by(|a, b| a.id.cmp(&b.id));
    catalog.facts.sort_by(|a, b| a.id.cmp(&b.id));
    catalog.remedies.sort_by(|a, b| a.id.cmp(&b.id));
    catalog.dialects.sort_by(|a, b| a.id.cmp(&b.id));
    catalog.guides.sort_by(|a, b| a.id.cmp(&b.id));
    catalog.runbooks.sort_by(|a, b| a.id.cmp(&b.id));
    // a file that could not be read would be missed by every other one
    if problems.is_empty() {
        check_references(&catalog, files, &mut problems);
    }
    if problems.is_empty() {
        catalog
            .seal()
            .map_err(|error| vec![Problem::new("rules", error.to_string())])?;
        return Ok(catalog);
    }
    problems.sort();
    Err(problems)
}

fn compile_file(catalog: &mut Catalog, cx: &mut Cx<'_>) -> Option<String> {
    let (path, text) = (&cx.file.path, &cx.file.text);
    macro_rules! read {
        ($kind:ty) => {
            match yaml::read::<$kind>(path, text) {
                Ok(raw) => raw,
                Err(problem) => {
                    cx.problems.push(problem);
                    return None;
                }
            }
        };
    }
    match cx.file.kind.as_str() {
        "faults" => {
            let fault: Fault = faults::fault(read!(RawFault), cx);
            let id = fault.id.clone();
            put(&mut catalog.faults, fault, |f| &f.id);
            Some(id)
        }
        "facts" => {
            let rule: FactRule = facts::fact_rule(read!(RawFactRule), cx);
            let id = rule.id.clone();
            put(&mut catalog.facts, rule, |f| &f.id);
            Some(id)
        }
        "remedies" => {
            let remedy: Remedy = remedies::remedy(read!(RawRemedy), cx);
            let id = remedy.id.clone();
            put(&mut catalog.remedies, remedy, |r| &r.id);
            Some(id)
        }
        "dialects" => {
            let dialect: Dialect = remedies::dialect(read!(RawDialect), cx);
            let id = dialect.id.clone();
            put(&mut catalog.dialects, dialect, |d| &d.id);
            Some(id)
        }
        "guides" => {
            let guide = guides::guide(read!(RawGuide), cx);
            let id = guide.id.clone();
            put(&mut catalog.guides, guide, |g| &g.id);
            Some(id)
        }
        "runbooks" => {
            let runbook = guides::runbook(read!(RawRunbook), cx);
            let id = runbook.id.clone();
            put(&mut catalog.runbooks, runbook, |r| &r.id);
            Some(id)
        }
        "ports.yaml" | "ports" => {
            for raw in read!(Vec<RawPort>) {
                port(raw, catalog, cx);
            }
            None
        }
        "releases.yaml" | "releases" => {
            for release in read!(Vec<Release>) {
                match catalog
                    .releases
                    .iter_mut()
                    .find(|old| old.release == release.release)
                {
                    Some(old) => *old = release,
                    None => catalog.releases.push(release),
                }
            }
            None
        }
        "alarms.yaml" | "alarms" => {
            for raw in read!(Vec<RawAlarm>) {
                let id = raw.id;
                let alarm = Alarm {
                    id,
                    title: raw.title,
                    severity: raw.severity,
                    advice: raw.advice.map(self::text),
                };
                match catalog.alarms.iter_mut().find(|old| old.id == id) {
                    Some(old) => *old = alarm,
                    None => catalog.alarms.push(alarm),
                }
            }
            catalog.alarms.sort_by_key(|alarm| alarm.id);
            None
        }
        "names" => {
            for raw in read!(Vec<RawName>) {
                name(raw, catalog, cx);
            }
            None
        }
        "locales" => {
            let words = read!(Ordered<String>);
            locale(catalog, cx, words);
            None
        }
        other => {
            let kinds = [
                "faults", "facts", "remedies", "dialects", "guides", "runbooks", "locales",
                "alarms", "names",
            ];
            cx.refuse_near(
                &[],
                format!("'{other}' is not a kind of rule"),
                near(other, kinds.into_iter()),
            );
            None
        }
    }
}

/// Adds a name; a known one that stands for the same is replaced.
fn name(raw: RawName, catalog: &mut Catalog, cx: &mut Cx<'_>) {
    if raw.level.is_some_and(|level| level > 7) {
        let message = format!("{}: a severity is a number from 0 to 7", raw.name);
        cx.refuse(&["level"], message);
    }
    if raw.is != NameKind::Alarm && (raw.facility.is_some() || raw.level.is_some()) {
        let message = format!("{}: only an alarm has a facility and a level", raw.name);
        cx.refuse(&["is"], message);
    }
    let name = Name {
        name: raw.name,
        is: raw.is,
        product: raw.product,
        facility: raw.facility,
        level: raw.level,
        title: raw.title,
        known_as: raw.known_as,
        meaning: raw.meaning.map(text),
        advice: raw.advice.map(text),
    };
    let same = |old: &&mut Name| {
        old.is == name.is && old.facility == name.facility && old.name == name.name
    };
    match catalog.names.iter_mut().find(same) {
        Some(old) => *old = name,
        None => catalog.names.push(name),
    }
}

/// Adds a port; a known one of the same transport is replaced.
fn port(raw: RawPort, catalog: &mut Catalog, cx: &mut Cx<'_>) {
    const TRANSPORTS: [&str; 2] = ["tcp", "udp"];
    if !TRANSPORTS.contains(&raw.transport.as_str()) {
        cx.refuse_near(
            &["transport", &raw.transport],
            format!("'{}' is not a transport", raw.transport),
            near(&raw.transport, TRANSPORTS.into_iter()),
        );
    }
    let port = Port {
        port: raw.port,
        transport: raw.transport,
        role: raw.role,
        product: raw.product,
    };
    let same = |old: &&mut Port| old.port == port.port && old.transport == port.transport;
    match catalog.ports.iter_mut().find(same) {
        Some(old) => *old = port,
        None => catalog.ports.push(port),
    }
}

fn put<T>(list: &mut Vec<T>, item: T, id: impl Fn(&T) -> &str) {
    match list.iter().position(|old| id(old) == id(&item)) {
        Some(at) => {
            if let Some(slot) = list.get_mut(at) {
                *slot = item;
            }
        }
        None => list.push(item),
    }
}

fn locale(catalog: &mut Catalog, cx: &mut Cx<'_>, words: Ordered<String>) {
    let stem = Path::new(&cx.file.path)
        .file_stem()
        .map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    match Lang::parse(&stem) {
        Some(lang) => catalog
            .words
            .entry(lang.code().to_owned())
            .or_default()
            .extend(words.0),
        None => cx.refuse_near(
            &[],
            format!("'{stem}' is not a language"),
            Lang::ALL.iter().map(|l| l.code().to_owned()).collect(),
        ),
    }
}

fn text(raw: RawText) -> Text {
    match raw {
        RawText::English(en) => Text {
            en,
            ko: None,
            pt_br: None,
        },
        RawText::Languages(RawLanguages { en, ko, pt_br }) => Text { en, ko, pt_br },
    }
}

fn references(raw: Vec<RawReference>) -> Vec<Reference> {
    raw.into_iter()
        .map(|r| Reference {
            doc: r.doc,
            section: r.section,
        })
        .collect()
}

/// Values of a YAML scalar list as text.
fn scalars(raw: OneOrMany<super::raw::Scalar>) -> Vec<String> {
    raw.into_vec().iter().map(ToString::to_string).collect()
}

/// Every name a rule uses has to exist somewhere in the whole catalog.
fn check_references(catalog: &Catalog, files: &[RuleFile], problems: &mut Vec<Problem>) {
    let faults: BTreeSet<&str> = catalog.faults.iter().map(|f| f.id.as_str()).collect();
    let remedies: BTreeSet<&str> = catalog.remedies.iter().map(|r| r.id.as_str()).collect();
    let dialects: BTreeSet<&str> = catalog.dialects.iter().map(|d| d.id.as_str()).collect();
    let windows: BTreeSet<&str> = catalog
        .facts
        .iter()
        .flat_map(|f| &f.windows)
        .map(|w| w.id.as_str())
        .collect();
    let mut check = |owner: &str, path: &[&str], what: &str, name: &str, known: &BTreeSet<&str>| {
        if known.contains(name) {
            return;
        }
        let message = format!("unknown {what} '{name}'");
        let file = files
            .iter()
            .find(|file| file.text.contains(&format!("id: {owner}")) && file.text.contains(name));
        let mut problem = Problem::new(file.map_or(owner, |f| f.path.as_str()), message);
        if let Some((line, column)) = file.and_then(|f| yaml::locate(&f.text, path)) {
            (problem.line, problem.column) = (Some(line), Some(column));
        }
        problem.near = near(name, known.iter().copied());
        problems.push(problem);
    };
    for fault in &catalog.faults {
        for (key, names) in [("explains", &fault.explains), ("replaces", &fault.replaces)] {
            for name in names {
                check(&fault.id, &[key, name], "fault", name, &faults);
            }
        }
        for other in &fault.rules_out {
            check(
                &fault.id,
                &["rules_out", &other.fault],
                "fault",
                &other.fault,
                &faults,
            );
        }
        for name in &fault.remedies {
            check(&fault.id, &["remedies", name], "remedy", name, &remedies);
        }
        for (name, _) in &fault.expected_during {
            check(
                &fault.id,
                &["expected_during", name],
                "window",
                name,
                &windows,
            );
        }
    }
    for remedy in &catalog.remedies {
        for name in &remedy.faults {
            check(&remedy.id, &["for", name], "fault", name, &faults);
        }
        check(
            &remedy.id,
            &["dialect", &remedy.dialect],
            "dialect",
            &remedy.dialect,
            &dialects,
        );
    }
    let roles: BTreeSet<&str> = catalog.ports.iter().map(|p| p.role.as_str()).collect();
    for (owner, test) in tests(catalog).filter(|(_, test)| test.op == Op::PortRole) {
        for role in &test.values {
            check(owner, &[role], "port role", role, &roles);
        }
    }
    commands::check(catalog, files, problems);
    guides::check_references(catalog, files, problems);
    check_loops(catalog, problems);
}

/// Every comparison of the catalog, with the id of its rule.
fn tests(catalog: &Catalog) -> impl Iterator<Item = (&str, &Test)> {
    let of_faults = catalog.faults.iter().map(|f| (f.id.as_str(), &f.signals));
    let of_facts = catalog.facts.iter().map(|f| (f.id.as_str(), &f.signals));
    let signals = of_faults.chain(of_facts).flat_map(|(id, signals)| {
        let tests = signals.iter().flat_map(|signal| &signal.condition);
        tests.flatten().map(move |test| (id, test))
    });
    let expected = catalog.remedies.iter().flat_map(|remedy| {
        let expects = remedy.all_steps().filter_map(|s| s.expect.as_ref());
        let tests = expects.flat_map(|expect| expect.condition.iter().flatten());
        tests.map(|test| (remedy.id.as_str(), test))
    });
    signals.chain(expected)
}

/// Two faults that explain each other would leave no cause.
fn check_loops(catalog: &Catalog, problems: &mut Vec<Problem>) {
    for fault in &catalog.faults {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&str> = fault.explains.iter().map(String::as_str).collect();
        while let Some(id) = open.pop() {
            if id == fault.id {
                problems.push(Problem::new(
                    &fault.id,
                    format!("'{id}' explains itself through other faults"),
                ));
                break;
            }
            if seen.insert(id) {
                open.extend(
                    catalog
                        .fault(id)
                        .into_iter()
                        .flat_map(|f| f.explains.iter().map(String::as_str)),
                );
            }
        }
    }
}

/// Places that a text may fill besides bound names.
const PLACES: &[&str] = &["node", "peer", "count", "nodes"];

fn check_places(cx: &mut Cx<'_>, key: &str, text: Option<&Text>, known: &BTreeSet<&str>) {
    let Some(text) = text else { return };
    for template in Lang::ALL.iter().filter_map(|lang| text.translated(*lang)) {
        for name in placeholders(template) {
            if !PLACES.contains(&name) && !known.contains(name) {
                cx.refuse_near(
                    &[key, name],
                    format!("no signal binds '{name}'"),
                    near(name, known.iter().copied()),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests;
