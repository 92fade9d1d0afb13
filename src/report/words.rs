//! What all reports call the same: keys of words, names of places, and what stands together.

use super::{Look, time};
use crate::locale::Locale;
use crate::model::node::{Product, Role};
use crate::model::report::{Confidence, Diagnosis, Evidence, NotChecked, Severity, Verdict};

/// Key of a verdict's word.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Faulty => "verdict.faulty",
        Verdict::Healthy => "verdict.healthy",
        Verdict::Insufficient => "verdict.insufficient",
    }
}

/// Key of a product's name.
pub fn product(product: Product) -> &'static str {
    match product {
        Product::Cms => "product.cms",
        Product::Expressway => "product.expressway",
        Product::Imp => "product.imp",
        Product::Postgresql => "product.postgresql",
        Product::Mnesia => "product.mnesia",
        // what packets alone show is of no product
        Product::Net | Product::Unknown => "product.net",
    }
}

/// Key of a severity's word.
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "severity.info",
        Severity::Warning => "severity.warning",
        Severity::Error => "severity.error",
        Severity::Critical => "severity.critical",
    }
}

/// Key of a confidence's word.
pub fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Possible => "confidence.possible",
        Confidence::Likely => "confidence.likely",
        Confidence::Certain => "confidence.certain",
    }
}

/// Key of a role's word.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Primary => "role.primary",
        Role::Replica => "role.replica",
        Role::Subordinate => "role.subordinate",
        Role::Publisher => "role.publisher",
        Role::Subscriber => "role.subscriber",
        Role::Unknown => "role.unknown",
    }
}

/// Key of a risk's word; an unknown risk is shown as it is.
pub fn risk(risk: &str) -> &str {
    match risk {
        "read" => "risk.read",
        "change" => "risk.change",
        "disruptive" => "risk.disruptive",
        "destructive" => "risk.destructive",
        other => other,
    }
}

/// What a fact is about; one that rules of somebody else tell keeps its name.
pub fn fact(locale: &Locale, name: &str) -> String {
    let key = format!("fact.{name}");
    locale
        .fill_known(&key, &[])
        .unwrap_or_else(|| name.to_owned())
}

/// Title and id of a fault.
pub fn fault(look: &Look<'_>, id: &str) -> String {
    let title = look.known.faults.get(id);
    title.map_or_else(|| id.to_owned(), |title| format!("{title} ({id})"))
}

/// `node → peer`, as far as they are known.
pub fn place(incident: &Diagnosis) -> String {
    between(incident.node.as_deref(), incident.peer.as_deref())
}

/// The same of a node and a peer.
pub fn between(node: Option<&str>, peer: Option<&str>) -> String {
    match (node, peer) {
        (Some(node), Some(peer)) => format!("{node} → {peer}"),
        (Some(node), None) => node.to_owned(),
        (None, Some(peer)) => format!("→ {peer}"),
        (None, None) => String::new(),
    }
}

/// `origin:line`, `origin:line (frame n)` or `origin#n`.
pub fn locator(evidence: &Evidence) -> String {
    match (evidence.line, evidence.frame) {
        (Some(line), Some(frame)) => format!("{}:{line} (frame {frame})", evidence.origin),
        (Some(line), None) => format!("{}:{line}", evidence.origin),
        (None, Some(frame)) => format!("{}#{frame}", evidence.origin),
        (None, None) => evidence.origin.clone(),
    }
}

/// The first and the last of a list, or as many as `most` allows.
pub fn first_and_last(evidence: &[Evidence], most: usize) -> Vec<&Evidence> {
    match evidence {
        [.., last] if evidence.len() > most && most > 1 => evidence
            .iter()
            .take(most - 1)
            .chain(std::iter::once(last))
            .collect(),
        few => few.iter().take(most).collect(),
    }
}

/// When an incident was cleared.
pub fn cleared(locale: &Locale, incident: &Diagnosis) -> String {
    match &incident.cleared_at {
        Some(at) => locale.fill("incident.cleared_at", &[("time", &time::moment(at))]),
        None => locale.word("incident.cleared").to_owned(),
    }
}

/// Ids of faults, and what would decide them: what to collect, and why.
pub type Undecided<'a> = (Vec<&'a str>, Vec<(&'a str, &'a str)>);

/// What could not be decided, under the fault that it would decide. Faults with the same wishes
/// stand together.
pub fn undecided(list: &[NotChecked]) -> Vec<Undecided<'_>> {
    let mut groups: Vec<Undecided<'_>> = Vec::new();
    for entry in list {
        let wish = (entry.collect.as_str(), entry.because.as_str());
        match groups
            .iter_mut()
            .find(|(faults, _)| faults.contains(&entry.fault.as_str()))
        {
            Some((_, wishes)) => wishes.push(wish),
            None => groups.push((vec![&entry.fault], vec![wish])),
        }
    }
    let mut merged: Vec<Undecided<'_>> = Vec::new();
    for (faults, wishes) in groups {
        match merged.iter_mut().find(|(_, known)| *known == wishes) {
            Some((known, _)) => known.extend(faults),
            None => merged.push((faults, wishes)),
        }
    }
    merged
}

/// The name of what is undecided; `cms.*` is the product as a whole.
pub fn undecided_name(look: &Look<'_>, id: &str) -> String {
    match id.strip_suffix(".*") {
        Some(product) => {
            let key = format!("product.{product}");
            let name = look.locale.fill_known(&key, &[]);
            name.unwrap_or_else(|| product.to_owned())
        }
        None => fault(look, id),
    }
}
