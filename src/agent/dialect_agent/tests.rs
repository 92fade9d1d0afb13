//! The agent against nodes that behave, and against those that do not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use super::*;
use crate::agent::KEPT;
use crate::catalog::remedy::Ask;

/// Our end of a connection in memory.
struct Memory(DuplexStream);

impl AsyncRead for Memory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Memory {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl Session for Memory {
    fn ended(&mut self) -> BoxFuture<'_, Option<AgentError>> {
        Box::pin(async { None })
    }
}

/// The other end, played by a test.
struct Node(DuplexStream);

impl Node {
    async fn say(&mut self, text: &str) {
        // the agent may have gone, which its error shows
        _ = self.0.write_all(text.as_bytes()).await;
    }

    /// Waits until the agent has sent this, and nothing else.
    async fn expect(&mut self, text: &str) {
        let mut got = vec![0; text.len()];
        self.0.read_exact(&mut got).await.expect("the agent speaks");
        assert_eq!(String::from_utf8_lossy(&got), text);
    }

    /// Takes a command as a terminal does: repeats it.
    async fn take(&mut self, line: &str) {
        self.expect(&format!("{line}\r")).await;
        self.say(&format!("{line}\r\n")).await;
    }

    /// What the agent sends until it goes.
    async fn rest(mut self) -> String {
        let mut got = Vec::new();
        _ = self.0.read_to_end(&mut got).await;
        String::from_utf8_lossy(&got).into_owned()
    }

    async fn pause(&self, milliseconds: u64) {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}

const LIMITS: Limits = Limits {
    greeting: Duration::from_millis(1500),
    settle: Duration::from_millis(60),
    quiet: Duration::from_millis(60),
    idle: Duration::from_millis(200),
    early: Duration::from_millis(5),
    flood: 2 << 20,
    leave: Duration::from_millis(300),
};

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

fn ask(ask: &str, answer: &str) -> Ask {
    Ask {
        ask: ask.to_owned(),
        answer: answer.to_owned(),
    }
}

/// A command line with a prompt, a pager and a confirmation.
fn mmp() -> Dialect {
    Dialect {
        id: "mmp".to_owned(),
        prompt: r"(?m)^[\w.-]+> ?$".to_owned(),
        pager: Some(ask("--More--", " ")),
        confirm: vec![ask("Are you sure", "Y")],
        interrupt: Some("ctrl-c".to_owned()),
        unknown_command: words(&["Unknown command", "Usage:"]),
        failed: words(&["^Error: "]),
        reads: words(&["status", "version"]),
        verbs: words(&["upgrade", "pcap", "reboot"]),
        mask: words(&["password"]),
        leave: Some("exit".to_owned()),
        ..Dialect::default()
    }
}

/// A command line whose answers end with marks.
fn tsh() -> Dialect {
    Dialect {
        prompt: r"(?m)^(?:OK|ERROR\b.*)\s*$".to_owned(),
        end: words(&["OK", "ERROR"]),
        pager: None,
        confirm: Vec::new(),
        failed: words(&["^ERROR"]),
        unknown_command: words(&["Command not recognized"]),
        reads: words(&["xStatus"]),
        ..mmp()
    }
}

fn command(line: &str) -> Command {
    Command {
        line: line.to_owned(),
        closes: false,
        stop_after: None,
    }
}

fn soon() -> std::time::Instant {
    within(3000)
}

/// So many milliseconds from now; of the time inside the runtime.
fn within(milliseconds: u64) -> std::time::Instant {
    (Instant::now() + Duration::from_millis(milliseconds)).into_std()
}

type Agent = DialectAgent<Memory>;

/// Lets an agent and a node talk on one thread.
fn play<T, A, N>(
    dialect: &Dialect,
    node: impl FnOnce(Node) -> N,
    agent: impl FnOnce(Result<Agent, AgentError>) -> A,
) -> T
where
    A: Future<Output = T>,
    N: Future<Output = ()>,
{
    play_within(LIMITS, dialect, node, agent)
}

fn play_within<T, A, N>(
    limits: Limits,
    dialect: &Dialect,
    node: impl FnOnce(Node) -> N,
    agent: impl FnOnce(Result<Agent, AgentError>) -> A,
) -> T
where
    A: Future<Output = T>,
    N: Future<Output = ()>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // time goes on only when nobody has anything to do: nothing depends on the machine
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let ours =
            async { agent(DialectAgent::login(Memory(ours), dialect, limits, soon()).await).await };
        let (result, ()) = tokio::join!(ours, node(Node(theirs)));
        result
    })
}

/// One command to a node that has greeted; what the node does with it.
fn one<N: Future<Output = ()>>(
    line: &str,
    node: impl FnOnce(Node) -> N,
) -> Result<Output, AgentError> {
    ask_one(&command(line), 3000, node)
}

fn ask_one<N: Future<Output = ()>>(
    command: &Command,
    milliseconds: u64,
    node: impl FnOnce(Node) -> N,
) -> Result<Output, AgentError> {
    let greeted = |mut n: Node| async move {
        n.say("Welcome to the node\r\ncms1> ").await;
        node(n).await;
    };
    play(&mmp(), greeted, |agent| async move {
        let mut agent = agent.unwrap();
        let started = Instant::now();
        let result = agent.run(command, within(milliseconds)).await;
        let most = Duration::from_millis(milliseconds) + LIMITS.leave;
        assert!(started.elapsed() <= most, "it ends in time");
        result
    })
}

fn login<N: Future<Output = ()>>(
    dialect: &Dialect,
    node: impl FnOnce(Node) -> N,
) -> Result<String, AgentError> {
    play(dialect, node, |agent| async move {
        agent.map(|agent| agent.prompt().to_owned())
    })
}

fn kind<T: std::fmt::Debug>(result: &Result<T, AgentError>) -> FailureKind {
    result.as_ref().unwrap_err().kind
}

// ---- login

#[test]
fn the_prompt_is_learned_behind_banner_and_noise() {
    let learned = login(&mmp(), |mut n| async move {
        n.say("\x1b]0;t\x07Notice>\r\nAuthorised use only\r\n\x1b[1mcm")
            .await;
        n.pause(20).await;
        n.say("s1\x1b[0m> ").await;
        n.rest().await;
    });
    assert_eq!(learned.unwrap(), "cms1>");
}

#[test]
fn a_prompt_like_line_of_a_banner_that_pauses_is_told_before_anything_is_sent() {
    let result = play(
        &mmp(),
        |mut n| async move {
            n.say("Notice>").await;
            n.pause(120).await;
            n.say("\r\ncms1> ").await;
            assert_eq!(n.rest().await, "");
        },
        |agent| async move {
            let mut agent = agent.unwrap();
            tokio::time::sleep(Duration::from_millis(150)).await;
            agent.run(&command("status"), soon()).await
        },
    );
    assert_eq!(kind(&result), FailureKind::Dialect);
    assert!(!result.unwrap_err().sent);
}

#[test]
fn no_prompt_in_time_is_an_error_that_tells_what_was_seen() {
    let mut dialect = mmp();
    dialect.prompt = "^never$".to_owned();
    let error = login(&dialect, |mut n| async move {
        n.say("password: hunter2\r\ncms1> ").await;
        n.rest().await;
    })
    .unwrap_err();
    assert_eq!(error.kind, FailureKind::Prompt);
    assert_eq!(error.said, "password: ***\ncms1>");
}

#[test]
fn a_question_before_the_prompt_is_not_answered() {
    let error = login(&mmp(), |mut n| async move {
        let started = Instant::now();
        n.say("Your password has expired.\r\nNew password: ").await;
        assert_eq!(n.rest().await, "");
        assert!(started.elapsed() < LIMITS.greeting, "it is told early");
    })
    .unwrap_err();
    assert_eq!(error.kind, FailureKind::Prompt);
}

#[test]
fn a_session_that_ends_before_its_prompt_is_closed() {
    let error = login(
        &mmp(),
        |mut n| async move { n.say("System going down").await },
    );
    assert_eq!(kind(&error), FailureKind::Closed);
}

#[test]
fn a_greeting_without_end_is_a_flood() {
    let error = login(&mmp(), |mut n| async move {
        for _ in 0..100 {
            n.say(&"banner\r\n".repeat(2000)).await;
        }
    });
    assert_eq!(kind(&error), FailureKind::Flood);
}

// ---- answers

#[test]
fn an_answer_comes_without_echo_and_prompt() {
    let output = one("status", |mut n| async move {
        n.take("status").await;
        n.say("\x1b[32mStatus : Enabled\x1b[0m\r\n\r\nNodes:\r\n  a\tb\r\ncms")
            .await;
        n.pause(20).await;
        n.say("1> ").await;
        n.rest().await;
    })
    .unwrap();
    assert_eq!(output.text, "Status : Enabled\n\nNodes:\n  a     b\n");
    assert_eq!(output.answer, Answer::Done);
}

#[test]
fn an_echo_may_be_wrapped_redrawn_or_absent() {
    for echo in [
        "status no\r\nw please\r\n",
        "\rcms1> status now please\r\n",
        "\r\n",
        "",
    ] {
        let output = one("status now please", |mut n| async move {
            n.expect("status now please\r").await;
            n.say(echo).await;
            n.say("Enabled\r\ncms1> ").await;
            n.rest().await;
        })
        .unwrap();
        assert_eq!(output.text, "Enabled\n", "with echo {echo:?}");
    }
}

#[test]
fn a_slow_answer_is_waited_for_and_prompts_within_it_are_no_end() {
    let output = one("status", |mut n| async move {
        n.take("status").await;
        for part in [
            "cms1> ",
            "is what a prompt looks like\r\ncms1>",
            "\r\n",
            "so:\r\n",
            "end\r\ncms1> ",
        ] {
            n.say(part).await;
            n.pause(25).await;
        }
        n.rest().await;
    })
    .unwrap();
    assert_eq!(output.text, "cms1> is what a prompt looks like\nso:\nend\n");
}

#[test]
fn another_prompt_than_the_learned_one_ends_nothing() {
    let error = ask_one(&command("status"), 500, |mut n| async move {
        n.take("status").await;
        n.say("cms2> ").await;
        assert_eq!(n.rest().await, "\x03", "what only looks is stopped");
    })
    .unwrap_err();
    assert_eq!(error.kind, FailureKind::Timeout);
    assert!(error.sent);
    assert_eq!(error.said, "cms2>");
}

#[test]
fn a_prompt_before_the_echo_is_told() {
    let result = play(
        &mmp(),
        |mut n| async move {
            n.say("cms1> ").await;
            n.take("version").await;
            n.say("1\r\ncms1> ").await;
            n.expect("status\r").await;
            // a forged answer in front of the real one
            n.say("\r\nEnabled\r\ncms1> ").await;
            n.rest().await;
        },
        |agent| async move {
            let mut agent = agent.unwrap();
            agent.run(&command("version"), soon()).await.unwrap();
            agent.run(&command("status"), soon()).await
        },
    );
    let error = result.unwrap_err();
    assert_eq!(error.kind, FailureKind::Dialect);
    assert!(error.sent);
}

#[test]
fn a_node_that_did_not_read_what_was_sent_is_told() {
    let result = play(
        &mmp(),
        |mut n| async move {
            n.say("cms1> ").await;
            n.take("version").await;
            n.say("1\r\ncms1> ").await;
            n.expect("upgrade\r").await;
            n.say("upgrate\r\nUnknown command\r\ncms1> ").await;
            assert_eq!(n.rest().await, "");
        },
        |agent| async move {
            let mut agent = agent.unwrap();
            agent.run(&command("version"), soon()).await.unwrap();
            agent.run(&command("upgrade"), soon()).await
        },
    );
    assert_eq!(kind(&result), FailureKind::Dialect);
}

#[test]
fn after_an_early_prompt_what_follows_is_out_of_turn() {
    let result = play(
        &mmp(),
        |mut n| async move {
            n.say("cms1> ").await;
            n.take("status").await;
            n.say("Enabled\r\ncms1> ").await;
            n.pause(150).await;
            n.say("\r\nError\r\ncms1> ").await;
            assert_eq!(n.rest().await, "", "nothing is sent on top");
        },
        |agent| async move {
            let mut agent = agent.unwrap();
            agent.run(&command("status"), soon()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
            let error = agent.run(&command("upgrade"), soon()).await;
            let again = agent.run(&command("upgrade"), soon()).await;
            assert_eq!(
                kind(&again),
                FailureKind::Closed,
                "it is of no use any more"
            );
            error
        },
    );
    let error = result.unwrap_err();
    assert_eq!(error.kind, FailureKind::Dialect);
    assert!(!error.sent);
    assert!(error.said.contains("Error"), "{error:?}");
}

#[test]
fn unknown_and_failed_commands_are_told_apart() {
    for (says, answer) in [
        ("Unknown command: status\r\n", Answer::Unknown),
        ("a\r\nb\r\nError: no database\r\n", Answer::Failed),
        (
            "1\r\n2\r\n3\r\n4\r\n5\r\nUsage: of the disk\r\n",
            Answer::Done,
        ),
    ] {
        let output = one("status", |mut n| async move {
            n.take("status").await;
            n.say(says).await;
            n.say("cms1> ").await;
            n.rest().await;
        });
        assert_eq!(output.unwrap().answer, answer, "{says}");
    }
}

#[test]
fn marks_end_answers_where_there_is_no_prompt() {
    let output = play(
        &tsh(),
        |mut n| async move {
            n.say("TANDBERG\r\nOK\r\n").await;
            n.take("xStatus Alarm").await;
            n.say("*s Alarm:\r\nOK\r\n").await;
            n.pause(20).await;
            n.say("*s/end\r\n\r\nOK\r\n").await;
            n.take("xStatus Nothing").await;
            n.say("ERROR: Command not recognized\r\n").await;
            n.rest().await;
        },
        |agent| async move {
            let mut agent = agent.unwrap();
            let first = agent.run(&command("xStatus Alarm"), soon()).await.unwrap();
            let second = agent
                .run(&command("xStatus Nothing"), soon())
                .await
                .unwrap();
            (first, second)
        },
    );
    assert_eq!(output.0.text, "*s Alarm:\nOK\n*s/end\n\nOK\n");
    assert_eq!(output.0.answer, Answer::Done);
    assert_eq!(output.1.answer, Answer::Unknown);
}

// ---- pagers and questions

#[test]
fn pages_are_turned_and_leave_nothing() {
    let output = one("status", |mut n| async move {
        n.take("status").await;
        n.say("one\r\n--More--").await;
        n.expect(" ").await;
        n.say("\r        \rtwo\r\n--More--").await;
        n.expect(" ").await;
        n.say("three\r\ncms1> ").await;
        n.rest().await;
    })
    .unwrap();
    assert_eq!(output.text, "one\ntwo\nthree\n");
}

#[test]
fn an_endless_pager_ends_at_the_deadline() {
    let error = ask_one(&command("status"), 700, |mut n| async move {
        n.take("status").await;
        let mut byte = [0];
        n.say("--More--").await;
        while n.0.read(&mut byte).await.unwrap_or(0) == 1 && byte == *b" " {
            n.say("\r        \rpage\r\n--More--").await;
        }
    });
    assert_eq!(kind(&error), FailureKind::Timeout);
}

#[test]
fn a_known_question_is_answered_and_recorded() {
    let output = one("upgrade", |mut n| async move {
        n.take("upgrade").await;
        n.say("This takes long.\r\nAre you sure? (Y/n)").await;
        n.expect("Y\r").await;
        n.say("Y\r\nDone\r\ncms1> ").await;
        n.rest().await;
    })
    .unwrap();
    assert_eq!(output.text, "This takes long.\nDone\n");
    let asked = [("Are you sure? (Y/n)".to_owned(), "Y".to_owned())];
    assert_eq!(output.confirmed, asked);
}

#[test]
fn a_known_question_on_a_finished_line_is_answered_after_a_while() {
    let output = one("upgrade", |mut n| async move {
        n.take("upgrade").await;
        n.say("Are you sure? (Y/n)\r\n").await;
        n.expect("Y\r").await;
        n.pause(300).await;
        n.say("Done\r\ncms1> ").await;
        assert_eq!(n.rest().await, "", "it is answered once");
    })
    .unwrap();
    assert_eq!(output.confirmed.len(), 1);
}

#[test]
fn a_question_in_the_middle_is_text() {
    let output = one("upgrade", |mut n| async move {
        n.take("upgrade").await;
        n.say("Are you sure? (Y/n)").await;
        n.pause(20).await;
        n.say(" is what it would ask\r\nAre you sure\r\n").await;
        n.pause(20).await;
        n.say("cms1> ").await;
        assert_eq!(n.rest().await, "", "nothing is answered");
    })
    .unwrap();
    assert_eq!(output.confirmed, []);
}

#[test]
fn a_question_that_is_asked_for_ever_is_given_up() {
    let error = one("upgrade", |mut n| async move {
        n.take("upgrade").await;
        for _ in 0..3 {
            n.say("Are you sure? ").await;
            n.expect("Y\r").await;
            n.say("\r\n").await;
        }
        n.say("Are you sure? ").await;
        assert_eq!(n.rest().await, "\x03");
    });
    assert_eq!(kind(&error), FailureKind::Dialect);
}

#[test]
fn what_only_looks_has_nothing_to_confirm() {
    let error = one("status", |mut n| async move {
        n.take("status").await;
        n.say("Are you sure you want to erase everything? (Y/n)")
            .await;
        assert_eq!(n.rest().await, "\x03");
    });
    assert_eq!(kind(&error), FailureKind::Dialect);
}

#[test]
fn unknown_questions_are_not_guessed_at() {
    for question in [
        "Overwrite the backup? ",
        "Continue [yes/no]: ",
        "Proceed (y/n)",
        "Enter new passphrase: ",
        "Press any key to continue",
    ] {
        let error = one("upgrade", |mut n| async move {
            n.take("upgrade").await;
            n.say(question).await;
            assert_eq!(n.rest().await, "\x03", "{question}");
        })
        .unwrap_err();
        assert_eq!(error.kind, FailureKind::Dialect, "{question}");
        assert!(error.sent && error.said == question.trim_end(), "{error:?}");
    }
}

#[test]
fn a_change_that_works_on_behind_a_colon_is_left_alone() {
    let output = one("upgrade", |mut n| async move {
        n.take("upgrade").await;
        n.say("Restarting services:").await;
        n.pause(350).await;
        n.say(" done\r\ncms1> ").await;
        assert_eq!(n.rest().await, "");
    });
    assert_eq!(output.unwrap().text, "Restarting services: done\n");
}

#[test]
fn a_change_that_takes_too_long_is_not_stopped_half_way() {
    let error = ask_one(&command("upgrade"), 300, |mut n| async move {
        n.take("upgrade").await;
        n.say("working...").await;
        assert_eq!(n.rest().await, "");
    });
    assert_eq!(kind(&error), FailureKind::Timeout);
}

// ---- ends

#[test]
fn a_command_that_is_to_be_stopped_is_stopped() {
    for shown in ["^C\r\n12 packets\r\ncms1> ", "\r\n12 packets\r\n^Ccms1> "] {
        let capture = Command {
            stop_after: Some(Duration::from_millis(300)),
            ..command("pcap a")
        };
        let output = ask_one(&capture, 3000, |mut n| async move {
            n.take("pcap a").await;
            n.say("Press any key to stop:").await;
            n.expect("\x03").await;
            n.say(shown).await;
            n.rest().await;
        });
        assert_eq!(output.unwrap().text, "Press any key to stop:\n12 packets\n");
    }
}

#[test]
fn a_restart_may_close_the_connection_and_nothing_else_may() {
    let node = |line: &'static str| {
        move |mut n: Node| async move {
            n.take(line).await;
            n.say("Going down").await;
        }
    };
    let reboot = Command {
        closes: true,
        ..command("reboot")
    };
    let output = ask_one(&reboot, 3000, node("reboot")).unwrap();
    assert_eq!(
        (output.answer, output.text.as_str()),
        (Answer::Closed, "Going down\n")
    );
    let error = one("status", node("status")).unwrap_err();
    assert_eq!((error.kind, error.sent), (FailureKind::Closed, true));
    assert_eq!(error.said, "Going down");
}

#[test]
fn a_node_that_hangs_costs_no_more_than_the_deadline() {
    let error = ask_one(&command("status"), 300, |n| async move {
        n.rest().await;
    });
    assert_eq!(kind(&error), FailureKind::Timeout);
}

#[test]
fn a_node_that_dribbles_for_ever_costs_no_more_than_the_deadline() {
    let error = ask_one(&command("status"), 300, |mut n| async move {
        n.take("status").await;
        while n.0.write_all(b".").await.is_ok() {
            n.pause(5).await;
        }
    });
    assert_eq!(kind(&error), FailureKind::Timeout);
}

#[test]
fn more_than_is_kept_is_counted() {
    let long = "0123456789abcde\r\n".repeat(KEPT / 10);
    let size = (long.len() / 17 * 16) as u64;
    let output = one("status", |mut n| async move {
        n.take("status").await;
        n.say(&long).await;
        n.say("cms1> ").await;
        n.rest().await;
    })
    .unwrap();
    assert!(output.text.len() <= KEPT && output.text.len() > KEPT - 20);
    assert_eq!(output.text.len() as u64 + output.dropped, size);
}

#[test]
fn floods_end_whatever_they_are_made_of() {
    for piece in ["x", "line\r\n", "\r\n", "\x1b]0;", "\u{202e}\x08"] {
        let block = piece.repeat((1 << 16) / piece.len());
        let error = one("status", |mut n| async move {
            n.take("status").await;
            while n.0.write_all(block.as_bytes()).await.is_ok() {}
        });
        assert_eq!(kind(&error), FailureKind::Flood, "{piece:?}");
    }
}

#[test]
fn a_hundred_megabytes_are_read_up_to_the_limit() {
    let sent = std::cell::Cell::new(0);
    let limits = Limits {
        flood: FLOOD,
        ..LIMITS
    };
    let error = play_within(
        limits,
        &mmp(),
        |mut n| {
            let sent = &sent;
            async move {
                n.say("cms1> ").await;
                n.take("status").await;
                let block = "0123456789abcde\r\n".repeat(1 << 12);
                while sent.get() < 100 << 20 && n.0.write_all(block.as_bytes()).await.is_ok() {
                    sent.set(sent.get() + block.len() as u64);
                }
            }
        },
        |agent| async move { agent.unwrap().run(&command("status"), soon()).await },
    );
    assert_eq!(kind(&error), FailureKind::Flood);
    assert!(
        (FLOOD..FLOOD + (1 << 20)).contains(&sent.get()),
        "{}",
        sent.get()
    );
}

// ---- what is sent

#[test]
fn only_allowed_printable_commands_are_sent() {
    for line in [
        "",
        "erase",
        "statusx",
        "status\rerase",
        "status\nerase",
        "status \u{e9}",
        "status \x03",
    ] {
        let error = one(line, |n| async move { assert_eq!(n.rest().await, "") });
        assert_eq!(kind(&error), FailureKind::Refused, "{line:?}");
        assert!(!error.unwrap_err().sent);
    }
}

#[test]
fn a_session_is_left_politely() {
    play(
        &mmp(),
        |mut n| async move {
            n.say("cms1> ").await;
            n.expect("exit\r").await;
            n.say("exit\r\nbye\r\n").await;
        },
        |agent| async move { Box::new(agent.unwrap()).close().await },
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a node says and wherever it is cut, the answer is what a whole one would be.
    #[test]
    fn packets_change_nothing(text in "[a-z?:> \t]{0,20}(\r\n[a-zA-Z1:> ]{0,20}){0,6}", cut in 0usize..120) {
        let said = format!("{text}\r\ncms1> ");
        let run = |parts: Vec<String>| {
            one("status", |mut n| async move {
                n.take("status").await;
                for part in parts {
                    n.say(&part).await;
                    tokio::task::yield_now().await;
                }
                n.rest().await;
            })
        };
        let (head, tail) = said.split_at(cut.min(said.len()));
        prop_assert_eq!(run(vec![head.to_owned(), tail.to_owned()]), run(vec![said.clone()]));
    }
}
