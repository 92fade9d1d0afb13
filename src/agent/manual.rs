//! Commands that a person runs: they are shown, and the answer is pasted.

use std::time::Instant;

use super::connect::Transport;
use super::screen::Screen;
use super::target::Target;
use super::{AgentError, Answer, BoxFuture, ClusterAgent, Command, FailureKind, KEPT, Output};
use crate::catalog::remedy::Dialect;

/// Who runs commands by hand. Implemented where the terminal is.
pub trait Console: Send + Sync {
    /// Shows a line.
    fn say(&self, line: &str);

    /// Reads lines up to one that holds a single full stop, which is not given back; `None` when
    /// nobody answers any more.
    fn read(&self) -> Option<String>;
}

/// `manual://`
pub struct Manual;

impl Transport for Manual {
    fn scheme(&self) -> &'static str {
        "manual"
    }

    fn connect<'a>(
        &'a self,
        target: &'a Target,
        dialect: &'a Dialect,
        _: Instant,
    ) -> BoxFuture<'a, Result<Box<dyn ClusterAgent>, AgentError>> {
        Box::pin(async move {
            let console = target.console.clone();
            let console = console.ok_or_else(|| refused("nobody is there to run commands"))?;
            let agent = ManualAgent {
                node: target.node.clone(),
                dialect: dialect.clone(),
                console,
            };
            Ok(Box::new(agent) as Box<dyn ClusterAgent>)
        })
    }
}

struct ManualAgent {
    node: String,
    dialect: Dialect,
    console: std::sync::Arc<dyn Console>,
}

fn refused(what: &str) -> AgentError {
    AgentError {
        kind: FailureKind::Refused,
        what: what.to_owned(),
        said: String::new(),
        help: String::new(),
        sent: false,
    }
}

impl ClusterAgent for ManualAgent {
    /// A person takes the time it takes: there is no deadline.
    fn run<'a>(
        &'a mut self,
        command: &'a Command,
        _: Instant,
    ) -> BoxFuture<'a, Result<Output, AgentError>> {
        Box::pin(async move {
            if !self.dialect.allows(&command.line) {
                return Err(refused("the dialect does not allow this command"));
            }
            self.console.say(&format!("On {}, run:", self.node));
            self.console.say(&format!("    {}", command.line));
            if let Some(time) = command.stop_after {
                let seconds = time.as_secs();
                self.console
                    .say(&format!("After {seconds} seconds, stop it with Ctrl-C."));
            }
            self.console
                .say("Paste what it says, and end with a line that holds a single full stop.");
            // the console waits for a person: not on the thread that drives other agents
            let console = std::sync::Arc::clone(&self.console);
            let pasted = tokio::task::spawn_blocking(move || console.read()).await;
            match pasted.ok().flatten() {
                Some(text) => Ok(self.output(&text, command)),
                None => Err(AgentError {
                    kind: FailureKind::Closed,
                    sent: true,
                    ..refused("no answer was pasted")
                }),
            }
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

impl ManualAgent {
    /// A paste as an answer: clean, bounded, without the echo of the command.
    fn output(&self, pasted: &str, command: &Command) -> Output {
        let mut text = String::new();
        let mut dropped = 0;
        let mut first = true;
        let mut keep = |line: &str| {
            let echo = first && !line.is_empty() && line.ends_with(&command.line);
            first &= line.is_empty();
            if echo {
                return;
            }
            if text.len() + line.len() < KEPT {
                text.push_str(line);
                text.push('\n');
            } else {
                dropped += line.len() as u64 + 1;
            }
        };
        let mut screen = Screen::default();
        screen.feed(pasted.as_bytes(), &mut keep);
        let rest = screen.line();
        if !rest.is_empty() {
            keep(&rest);
        }
        let has = |patterns: &[String]| {
            let found = |pattern: &String| {
                let regex = crate::catalog::condition::regex(pattern, false);
                regex.is_ok_and(|regex| text.lines().any(|line| regex.is_match(line.as_bytes())))
            };
            patterns.iter().any(found)
        };
        let answer = match (
            has(&self.dialect.unknown_command),
            has(&self.dialect.failed),
        ) {
            (true, _) => Answer::Unknown,
            (_, true) => Answer::Failed,
            _ => Answer::Done,
        };
        Output {
            text,
            answer,
            dropped,
            confirmed: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::*;
    use crate::agent::target::Place;

    struct Person {
        seen: Mutex<Vec<String>>,
        pastes: Option<&'static str>,
    }

    impl Console for Person {
        fn say(&self, line: &str) {
            self.seen.lock().unwrap().push(line.to_owned());
        }

        fn read(&self) -> Option<String> {
            self.pastes.map(str::to_owned)
        }
    }

    fn run(line: &str, pastes: Option<&'static str>) -> (Result<Output, AgentError>, Vec<String>) {
        let person = Arc::new(Person {
            seen: Mutex::default(),
            pastes,
        });
        let mut target = Target::new("cms1", Place::parse("manual://").unwrap());
        target.console = Some(Arc::clone(&person) as Arc<dyn Console>);
        let dialect = Dialect {
            reads: vec!["status".to_owned()],
            verbs: vec!["pcap".to_owned()],
            unknown_command: vec!["Unknown".to_owned()],
            ..Dialect::default()
        };
        let command = Command {
            line: line.to_owned(),
            closes: false,
            stop_after: line.starts_with("pcap").then_some(Duration::from_secs(180)),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let result = runtime.block_on(async {
            let deadline = Instant::now();
            let mut agent = Manual.connect(&target, &dialect, deadline).await?;
            agent.run(&command, deadline).await
        });
        let seen = person.seen.lock().unwrap().clone();
        (result, seen)
    }

    #[test]
    fn a_paste_is_an_answer() {
        let (result, seen) = run("status", Some("cms1> status\r\n\x1b[1mEnabled\x1b[0m\r\n"));
        assert_eq!(result.unwrap().text, "Enabled\n");
        assert!(seen.contains(&"    status".to_owned()), "{seen:?}");
        let (result, seen) = run("pcap a", Some("Unknown command"));
        assert_eq!(result.unwrap().answer, Answer::Unknown);
        assert!(
            seen.iter().any(|line| line.contains("180 seconds")),
            "{seen:?}"
        );
    }

    #[test]
    fn nobody_and_other_commands_are_told() {
        assert_eq!(run("status", None).0.unwrap_err().kind, FailureKind::Closed);
        assert_eq!(run("erase", None).0.unwrap_err().kind, FailureKind::Refused);
    }
}
