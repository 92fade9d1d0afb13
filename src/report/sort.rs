//! A cluster's incidents by what a reader does with them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::report::{Cluster, Diagnosis, DiagnosisRole, Severity};

/// Incidents of one fault: the first stands for the others.
pub struct Group<'c> {
    /// The first in the report's order, which is the gravest.
    pub lead: &'c Diagnosis,
    /// The same fault elsewhere or again.
    pub others: Vec<&'c Diagnosis>,
}

impl<'c> Group<'c> {
    /// All incidents of the group.
    pub fn all(&self) -> impl Iterator<Item = &'c Diagnosis> {
        std::iter::once(self.lead).chain(self.others.iter().copied())
    }
}

/// The incidents of a cluster.
pub struct Sorted<'c> {
    /// To be shown in full, by fault: open causes at warning or above, causes with such a
    /// symptom, and such symptoms whose cause is not in the report.
    pub groups: Vec<Group<'c>>,
    /// Number of incidents in the groups.
    pub causes: usize,
    /// Number of symptoms under them.
    pub symptoms: usize,
    /// Everything that is neither.
    pub rest: Vec<&'c Diagnosis>,
    /// Symptoms by the id of each cause, direct or through another symptom.
    explained: BTreeMap<&'c str, Vec<&'c Diagnosis>>,
}

impl<'c> Sorted<'c> {
    /// Sorts the incidents of a cluster.
    pub fn of(cluster: &'c Cluster) -> Self {
        let all = &cluster.diagnoses;
        let by_id: BTreeMap<&str, &Diagnosis> = all.iter().map(|d| (d.id.as_str(), d)).collect();
        let mut explained: BTreeMap<&str, Vec<&Diagnosis>> = BTreeMap::new();
        let mut orphans = BTreeSet::new();
        for symptom in all.iter().filter(|d| d.role == DiagnosisRole::Symptom) {
            let roots = roots(symptom, &by_id);
            if roots.is_empty() {
                orphans.insert(symptom.id.as_str());
            }
            for root in roots {
                explained.entry(root).or_default().push(symptom);
            }
        }
        let under = |cause: &Diagnosis| explained.get(cause.id.as_str()).into_iter().flatten();
        let (causes, others): (Vec<&Diagnosis>, Vec<&Diagnosis>) =
            all.iter().partition(|d| match d.role {
                DiagnosisRole::Cause => open(d) || under(d).any(|symptom| open(symptom)),
                DiagnosisRole::Symptom => open(d) && orphans.contains(d.id.as_str()),
            });
        let shown: BTreeSet<&str> = causes
            .iter()
            .flat_map(|cause| under(cause))
            .map(|d| d.id.as_str())
            .collect();
        let rest = others
            .into_iter()
            .filter(|d| !shown.contains(d.id.as_str()))
            .collect();
        let (groups, count, symptoms) = (grouped(&causes), causes.len(), shown.len());
        Self {
            groups,
            causes: count,
            symptoms,
            rest,
            explained,
        }
    }

    /// Symptoms of all incidents of a group, each once.
    pub fn symptoms_of(&self, group: &Group<'c>) -> Vec<&'c Diagnosis> {
        let mut seen = BTreeSet::new();
        group
            .all()
            .filter_map(|cause| self.explained.get(cause.id.as_str()))
            .flatten()
            .filter(|symptom| seen.insert(symptom.id.as_str()))
            .copied()
            .collect()
    }
}

/// What makes a cluster faulty.
fn open(incident: &Diagnosis) -> bool {
    !incident.cleared && incident.severity >= Severity::Warning
}

/// Incidents by fault, in the order in which each fault comes first.
fn grouped<'c>(causes: &[&'c Diagnosis]) -> Vec<Group<'c>> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut groups: Vec<Group<'c>> = Vec::new();
    for cause in causes {
        match places
            .get(cause.fault.as_str())
            .and_then(|at| groups.get_mut(*at))
        {
            Some(group) => group.others.push(cause),
            None => {
                places.insert(&cause.fault, groups.len());
                groups.push(Group {
                    lead: cause,
                    others: Vec::new(),
                });
            }
        }
    }
    groups
}

/// Ids of the causes that a symptom goes back to; links in a ring end nowhere.
fn roots<'c>(
    symptom: &'c Diagnosis,
    by_id: &BTreeMap<&'c str, &'c Diagnosis>,
) -> BTreeSet<&'c str> {
    let mut seen = BTreeSet::from([symptom.id.as_str()]);
    let mut open = vec![symptom];
    let mut out = BTreeSet::new();
    while let Some(next) = open.pop() {
        for found in next
            .explained_by
            .iter()
            .filter_map(|id| by_id.get(id.as_str()))
        {
            if !seen.insert(found.id.as_str()) {
                continue;
            }
            if found.role == DiagnosisRole::Cause {
                out.insert(found.id.as_str());
            } else {
                open.push(found);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// `id fault role severity cleared explained_by…`
    fn cluster(lines: &[&str]) -> Cluster {
        let diagnoses: Vec<_> = lines
            .iter()
            .map(|line| {
                let words: Vec<&str> = line.split(' ').collect();
                json!({"id": words[0], "fault": words[1], "role": words[2], "severity": words[3],
                    "cleared": words[4] == "cleared", "explained_by": words[5..],
                    "confidence": "likely", "title": "t", "summary": "s", "node": null, "peer": null,
                    "flow": null, "bindings": {}, "first_seen": null, "last_seen": null,
                    "time_certainty": "unknown", "count": 1, "cleared_at": null, "evidence": [],
                    "remedies": [], "references": []})
            })
            .collect();
        serde_json::from_value(json!({"name": "c", "product": "cms", "verdict": "faulty",
            "nodes": [], "facts": [], "diagnoses": diagnoses, "ruled_out": [], "not_checked": []}))
        .unwrap()
    }

    fn ids(list: &[&Diagnosis]) -> String {
        list.iter()
            .map(|d| d.id.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn every_incident_is_shown_in_one_place() {
        let cluster = cluster(&[
            "a f cause error open",
            "b f cause error open",
            "c g cause info open",
            "d h cause error cleared",
            "e s symptom error open a",
            "f s symptom error open e",
            "g s symptom error open gone",
            "h s symptom info open gone",
            "i s symptom error open c",
        ]);
        let sorted = Sorted::of(&cluster);
        let groups: Vec<String> = sorted
            .groups
            .iter()
            .map(|g| ids(&g.all().collect::<Vec<_>>()))
            .collect();
        // `c` is only info but has an open symptom; the cause of `g` is not in the report
        assert_eq!(groups, ["a b", "c", "g"]);
        assert_eq!(ids(&sorted.symptoms_of(&sorted.groups[0])), "e f");
        assert_eq!(ids(&sorted.symptoms_of(&sorted.groups[1])), "i");
        assert_eq!(ids(&sorted.rest), "d h");
        assert_eq!((sorted.causes, sorted.symptoms), (4, 3));
    }

    #[test]
    fn rings_of_symptoms_end() {
        let cluster = cluster(&["a f symptom error open b", "b g symptom error open a"]);
        let sorted = Sorted::of(&cluster);
        assert_eq!((sorted.groups.len(), sorted.symptoms), (2, 0));
    }
}
