//! From symptoms to a cause: asks what the guide proposes, takes what comes, ends in a diagnosis.

use std::collections::BTreeMap;

use crate::catalog::guide::{Conclusion, Guide, Observation};
use crate::guide::{self, End, Given, Mark, Reply, Turn, answers};
use crate::model::report::Report;
use crate::report::{self, Attached, Look};

use super::super::failure::Failure;
use super::super::{Exit, print, say, settings};
use super::asker::{Asker, Question, Said};
use super::evidence::{self, Evidence, Told};
use super::page::{self, Page};
use super::{Cx, node};

/// Conclusions that are left and told one by one what to collect for.
const MANY: usize = 3;

/// Where a session stands; going back restores one.
#[derive(Clone)]
struct State<'c> {
    guide: &'c Guide,
    replies: Vec<Reply>,
    given: evidence::Given,
    steps: Vec<Step>,
}

/// One step of the way, for the end.
#[derive(Clone, Debug)]
struct Step {
    /// What was asked or looked at.
    what: String,
    /// What came.
    came: String,
    /// What it did.
    did: Vec<String>,
}

/// How it ended.
enum Over<'c> {
    End(End<'c>),
    Stopped,
    Interrupted,
}

struct Lead<'s, 'c> {
    cx: &'s Cx<'c>,
    evidence: &'s mut Evidence<'c>,
    asker: &'s mut dyn Asker,
    state: State<'c>,
    before: Vec<State<'c>>,
}

/// Leads from one guide to the end.
pub(super) fn run<'c>(
    cx: &Cx<'c>,
    guide: &'c Guide,
    evidence: &mut Evidence<'c>,
    asker: &mut dyn Asker,
) -> Result<Exit, Failure> {
    let state = State {
        guide,
        replies: Vec::new(),
        given: evidence.given().clone(),
        steps: Vec::new(),
    };
    let mut lead = Lead {
        cx,
        evidence,
        asker,
        state,
        before: Vec::new(),
    };
    let over = lead.go()?;
    let text = lead.outcome(&over)?;
    print(&text)?;
    Ok(match over {
        Over::End(_) => Exit::Clean,
        Over::Stopped => Exit::Declined,
        Over::Interrupted => Exit::Interrupted,
    })
}

type Standing = BTreeMap<String, Mark>;

impl<'c> Lead<'_, 'c> {
    fn go(&mut self) -> Result<Over<'c>, Failure> {
        let title = self.cx.locale.word("guide.given").to_owned();
        let nothing = self.standing(None);
        if !self.read()? {
            return Ok(Over::Interrupted);
        }
        if let Some(report) = self.evidence.report() {
            let files = report.coverage.len().to_string();
            let came = self
                .cx
                .locale
                .fill("guide.given.files", &[("count", &files)]);
            let did = self.changes(&nothing);
            self.state.steps.push(Step {
                what: title,
                came,
                did,
            });
        }
        loop {
            let told = self.evidence.told(self.cx, self.state.guide);
            let turn = self.turn(&told);
            match turn {
                Turn::End(end) => match self.next_guide(&end) {
                    Some(next) => self.lead_to(next),
                    None => return Ok(Over::End(end)),
                },
                Turn::Ask {
                    observation,
                    separates,
                } => {
                    if let Some(over) = self.ask(observation, &separates)? {
                        return Ok(over);
                    }
                }
            }
        }
    }

    fn turn(&self, told: &Told) -> Turn<'c> {
        let evidence = self.told(told);
        guide::turn(
            self.state.guide,
            self.cx.catalog,
            evidence,
            &self.state.replies,
        )
    }

    fn told<'e>(&'e self, told: &'e Told) -> guide::Evidence<'e> {
        guide::Evidence {
            report: self.evidence.report(),
            seen: &told.seen,
            shown: &told.shown,
        }
    }

    /// How the conclusions stand, or stood before anything was known.
    fn standing(&self, told: Option<&Told>) -> Standing {
        let nothing = Told::default();
        let evidence = match told {
            Some(told) => self.told(told),
            None => guide::Evidence {
                report: None,
                seen: &nothing.seen,
                shown: &nothing.shown,
            },
        };
        let guide = self.state.guide;
        let standings = guide::judge(guide, self.cx.catalog, evidence, &self.state.replies);
        let marks = standings.into_iter();
        marks
            .map(|one| (one.conclusion.id.clone(), one.mark))
            .collect()
    }

    fn next_guide(&self, end: &End<'c>) -> Option<&'c Guide> {
        end.leads_to().and_then(|id| self.cx.catalog.guide(id))
    }

    fn lead_to(&mut self, next: &'c Guide) {
        let cx = self.cx;
        self.state.steps.push(Step {
            what: cx.locale.word("guide.leads").to_owned(),
            came: next.title.get(cx.lang).to_owned(),
            did: Vec::new(),
        });
        self.state.guide = next;
        let told = self.evidence.told(cx, next);
        let before = self.standing(None);
        let now = self.standing(Some(&told));
        let did = self.differences(&before, &now);
        if let Some(step) = self.state.steps.last_mut() {
            step.did = did;
        }
    }

    fn read(&mut self) -> Result<bool, Failure> {
        let guides = answers::reachable(self.cx.catalog, self.state.guide);
        self.evidence.read(self.cx, &guides)
    }

    /// What changed since then, in words.
    fn changes(&self, before: &Standing) -> Vec<String> {
        let told = self.evidence.told(self.cx, self.state.guide);
        self.differences(before, &self.standing(Some(&told)))
    }

    fn differences(&self, before: &Standing, now: &Standing) -> Vec<String> {
        let keys = [
            (Mark::Proved, "guide.step.proved"),
            (Mark::Excluded, "guide.step.out"),
            (Mark::Supported, "guide.step.for"),
        ];
        let of = |mark: Mark, key: &str| {
            let moved = |one: &&Conclusion| {
                now.get(&one.id) == Some(&mark) && before.get(&one.id) != Some(&mark)
            };
            let titles = self.state.guide.conclusions.iter();
            let titles: Vec<String> = titles.filter(moved).map(|one| self.title(one)).collect();
            let causes = titles.join("; ");
            (!titles.is_empty()).then(|| self.cx.locale.fill(key, &[("causes", &causes)]))
        };
        keys.into_iter()
            .filter_map(|(mark, key)| of(mark, key))
            .collect()
    }

    fn title(&self, conclusion: &Conclusion) -> String {
        page::title(conclusion, self.cx.catalog, self.cx.lang)
    }

    /// Asks one observation and takes the answer; what ends the session is given back.
    fn ask(
        &mut self,
        observation: &'c Observation,
        separates: &[&Conclusion],
    ) -> Result<Option<Over<'c>>, Failure> {
        let cx = self.cx;
        let number = self.before.len() + 1;
        let causes: Vec<String> = separates.iter().map(|one| self.title(one)).collect();
        let mut page = Page::new(cx.locale, cx.lang, settings::colour());
        let told = self.evidence.told(cx, self.state.guide);
        let partly = told.partly.get(&observation.id).copied();
        page.observation(number, observation, &causes, partly);
        let choices = observation.choices.iter();
        let choices = choices.map(|c| (c.id.as_str(), c.say.get(cx.lang).to_owned()));
        let question = Question {
            name: &observation.id,
            text: page.out,
            choices: choices.collect(),
            takes_evidence: true,
            takes_unknown: true,
            nodes: node::able(
                cx,
                observation.dialect.as_deref(),
                observation.run.as_deref(),
            ),
            can_go_back: !self.before.is_empty(),
        };
        let said = self.asker.ask(&question, cx.locale)?;
        match said {
            Said::Interrupted => return Ok(Some(Over::Interrupted)),
            Said::Stop => return Ok(Some(Over::Stopped)),
            Said::Back => return self.back(),
            Said::Choice(id) => self.reply(observation, Given::Choice(id)),
            Said::Unknown => self.reply(observation, Given::Unknown),
            Said::Text(text) => {
                return self.bring(observation, |evidence| {
                    evidence.add_text("", &file_name(observation), &text);
                    Ok(())
                });
            }
            Said::Path(path) => {
                return self.bring(observation, |evidence| evidence.add_path(path));
            }
            Said::Run(name) => {
                let Some(text) = self.run(observation, &name)? else {
                    return Ok(None);
                };
                return self.bring(observation, |evidence| {
                    evidence.add_text(&name, &file_name(observation), &text);
                    Ok(())
                });
            }
        }
        Ok(None)
    }

    fn reply(&mut self, observation: &Observation, given: Given) {
        let told = self.evidence.told(self.cx, self.state.guide);
        let before = self.standing(Some(&told));
        self.before.push(self.state.clone());
        let came = match &given {
            Given::Unknown => self.cx.locale.word("guide.not_known").to_owned(),
            Given::Choice(id) => {
                let choice = observation.choices.iter().find(|choice| choice.id == *id);
                choice.map_or(id.clone(), |c| c.say.get(self.cx.lang).to_owned())
            }
        };
        self.state.replies.push(Reply {
            observation: observation.id.clone(),
            given,
        });
        let did = self.changes(&before);
        self.step(observation, came, did);
    }

    fn step(&mut self, observation: &Observation, came: String, did: Vec<String>) {
        let ask = observation.ask.get(self.cx.lang);
        let source = observation.run.as_ref().or(observation.page.as_ref());
        let what = match source.or(observation.file.as_ref()) {
            Some(source) => format!("{ask} ({source})"),
            None => ask.to_owned(),
        };
        self.state.steps.push(Step { what, came, did });
    }

    /// Runs the command on a node, if the person agrees.
    fn run(&mut self, observation: &Observation, name: &str) -> Result<Option<String>, Failure> {
        let command = observation.run.as_deref().unwrap_or_default();
        let values = [("command", command), ("node", name)];
        let question = self.cx.locale.fill("guide.run.ask", &values);
        if !self.asker.agrees(&format!("{question}\n"), self.cx.locale) {
            return Ok(None);
        }
        match node::run(self.cx, name, observation.dialect.as_deref(), command) {
            Ok(text) => Ok(Some(text)),
            // a person looks in another way; a file has no other
            Err(failure) if self.cx.args.answers.is_none() => {
                failure.print();
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Adds evidence, diagnoses everything anew and says whether that answers the observation.
    fn bring(
        &mut self,
        observation: &Observation,
        add: impl FnOnce(&mut Evidence<'c>) -> Result<(), Failure>,
    ) -> Result<Option<Over<'c>>, Failure> {
        let told = self.evidence.told(self.cx, self.state.guide);
        let before = self.standing(Some(&told));
        let earlier = self.state.clone();
        if let Err(failure) = add(self.evidence) {
            if self.cx.args.answers.is_some() {
                return Err(failure);
            }
            failure.print();
            return Ok(None);
        }
        if !self.read()? {
            return Ok(Some(Over::Interrupted));
        }
        self.before.push(earlier);
        self.state.given = self.evidence.given().clone();
        let did = self.changes(&before);
        let told = self.evidence.told(self.cx, self.state.guide);
        let answered = told.seen.contains(&observation.id)
            || told.shown.contains_key(&observation.id)
            || !did.is_empty();
        let came = match (answered, told.partly.get(&observation.id)) {
            (_, Some(part)) => page::so_far(self.cx.locale, *part),
            (true, None) => self.cx.locale.word("guide.brought").to_owned(),
            (false, None) => self.cx.locale.word("guide.brought.open").to_owned(),
        };
        for line in std::iter::once(&came).chain(&did) {
            self.asker.tell(&format!("{line}\n"));
        }
        self.step(observation, came, did);
        Ok(None)
    }

    fn back(&mut self) -> Result<Option<Over<'c>>, Failure> {
        let Some(earlier) = self.before.pop() else {
            return Ok(None);
        };
        let same = earlier.given.texts.len() == self.state.given.texts.len()
            && earlier.given.paths.len() == self.state.given.paths.len();
        self.state = earlier;
        if !same {
            self.evidence.set(self.state.given.clone());
            if !self.read()? {
                return Ok(Some(Over::Interrupted));
            }
        }
        Ok(None)
    }

    /// What is printed at the end: the way, the conclusion, what to do next, and the diagnosis.
    fn outcome(&self, over: &Over<'c>) -> Result<Vec<u8>, Failure> {
        let cx = self.cx;
        let mut page = Page::new(cx.locale, cx.lang, settings::colour());
        page.heading(self.state.guide.title.get(cx.lang));
        page.heading(cx.locale.word("guide.found"));
        for (at, step) in self.state.steps.iter().enumerate() {
            page.item(
                &format!("  {:>2}. ", at + 1),
                &format!("{}: {}", step.what, step.came),
            );
            for line in &step.did {
                page.item("      - ", line);
            }
        }
        page.heading(cx.locale.word("guide.conclusion"));
        match over {
            Over::End(end) => self.end(&mut page, end),
            Over::Stopped => page.item("  ", cx.locale.word("guide.stopped")),
            Over::Interrupted => page.item("  ", cx.locale.word("guide.interrupted")),
        }
        page.blank();
        let mut text = page.out.into_bytes();
        match self.evidence.report() {
            Some(report) => self.report(report, &mut text)?,
            None => text.extend(format!("{}\n", cx.locale.word("guide.no_evidence")).bytes()),
        }
        Ok(text)
    }

    fn end(&self, page: &mut Page<'_>, end: &End<'c>) {
        let cx = self.cx;
        let proved = matches!(end, End::Proved(_));
        match end {
            End::Proved(few) if few.is_empty() => {
                page.item("  ", cx.locale.word("guide.end.beside"));
            }
            End::Proved(few) => {
                for one in few {
                    self.cause(page, "guide.end.proved", one);
                }
            }
            End::Suggested(one) => self.cause(page, "guide.end.suggested", one),
            End::Several(few) => {
                let titles: Vec<String> = few.iter().map(|one| self.title(one)).collect();
                let causes = titles.join("; ");
                let text = cx.locale.fill("guide.end.several", &[("causes", &causes)]);
                page.item("  ", &text);
            }
            End::Nothing => page.item("  ", cx.locale.word("guide.end.nothing")),
        }
        let several = match end {
            End::Suggested(one) => std::slice::from_ref(one),
            End::Several(few) => few.as_slice(),
            End::Proved(_) | End::Nothing => &[],
        };
        let collect = several.iter().filter_map(|one| one.collect.as_ref());
        let collect: Vec<&str> = collect.map(|text| text.get(cx.lang)).collect();
        let collect = match end {
            End::Nothing => vec![self.state.guide.nothing.get(cx.lang)],
            // where nearly nothing is known, one list is better than ten
            End::Several(few) if few.len() > MANY => {
                vec![self.state.guide.nothing.get(cx.lang)]
            }
            _ => collect,
        };
        if !collect.is_empty() {
            page.heading(cx.locale.word("guide.collect"));
            collect.iter().for_each(|text| page.item("  - ", text));
        }
        let next = self.next(end, proved);
        if !next.is_empty() {
            page.heading(cx.locale.word("guide.next"));
            next.iter().for_each(|line| page.item("  - ", line));
        }
    }

    fn cause(&self, page: &mut Page<'_>, key: &str, one: &Conclusion) {
        let title = self.title(one);
        let text = self.cx.locale.fill(key, &[("cause", &title)]);
        page.item("  ", &text);
    }

    /// Commands that go on from here. What is not proved is not planned for.
    fn next(&self, end: &End<'c>, proved: bool) -> Vec<String> {
        let mut next = Vec::new();
        let paths = self.evidence.given().paths.join(" ");
        if proved && !paths.is_empty() {
            next.push(format!("clusterdx plan {paths} --inventory FILE"));
        } else if proved {
            next.push(self.cx.locale.word("guide.next.save").to_owned());
        }
        let few = match end {
            End::Suggested(one) => std::slice::from_ref(one),
            End::Proved(few) => few.as_slice(),
            End::Several(_) | End::Nothing => &[],
        };
        for one in few {
            let faults = match proved {
                true => self.open(one),
                false => one.faults.iter().take(1).cloned().collect(),
            };
            next.extend(faults.iter().map(|id| format!("clusterdx explain {id}")));
            let runbook = one
                .runbook
                .as_deref()
                .and_then(|id| self.cx.catalog.runbook(id));
            if let Some(runbook) = runbook {
                let topic = runbook.topics.first().unwrap_or(&runbook.id);
                let command = format!("clusterdx guide {topic}");
                next.push(match proved {
                    true => command,
                    false => self
                        .cx
                        .locale
                        .fill("guide.next.proved", &[("command", &command)]),
                });
            }
        }
        next
    }

    /// The faults of a conclusion that the evidence shows.
    fn open(&self, one: &Conclusion) -> Vec<String> {
        let clusters = self.evidence.report().into_iter();
        let shown = clusters.flat_map(|report| &report.clusters);
        let shown: Vec<&str> = shown
            .flat_map(|cluster| &cluster.diagnoses)
            .filter(|incident| !incident.cleared)
            .map(|incident| incident.fault.as_str())
            .collect();
        let open = one.faults.iter().filter(|id| shown.contains(&id.as_str()));
        open.cloned().collect()
    }

    fn report(&self, report: &Report, text: &mut Vec<u8>) -> Result<(), Failure> {
        let cx = self.cx;
        let known = settings::known(cx.catalog, cx.lang);
        let look = Look {
            locale: cx.locale,
            width: settings::width(),
            year: cx.args.clock.year,
            colour: settings::colour(),
            known: &known,
            attached: Attached::NOTHING,
        };
        if let Some(reporter) = report::find("text") {
            let written = reporter.write(report, &look, text);
            written.map_err(|error| Failure::write("standard output", &error))?;
        } else {
            say(cx.locale.word("guide.no_evidence"));
        }
        Ok(())
    }
}

/// What a text is called that answers an observation.
fn file_name(observation: &Observation) -> String {
    let source = observation.run.as_ref().or(observation.page.as_ref());
    let name = source
        .or(observation.file.as_ref())
        .unwrap_or(&observation.id);
    name.replace('/', "-")
}
