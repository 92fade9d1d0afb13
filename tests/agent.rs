//! Agents over OpenSSH against a real `sshd` that the test starts: its forced command plays the
//! command line of a node.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use clusterdx::agent::askpass::{Askpass, SOCKET};
use clusterdx::agent::connect::Transport as _;
use clusterdx::agent::ssh::Ssh;
use clusterdx::agent::target::{Place, Target};
use clusterdx::agent::{AgentError, Answer, ClusterAgent, Command, FailureKind};
use clusterdx::catalog::remedy::{Ask, Dialect};
use clusterdx::model::secret::Secret;
use tempfile::TempDir;

/// What protects a key; no program may ever be told it but through the helper.
const PASSPHRASE: &str = "4skp4ss-s3cret";

const SSHD: &str = "/usr/sbin/sshd";

/// A command line with a prompt that `read` of a shell plays; the terminal repeats what is typed.
const NODE: &str = r#"#!/bin/sh
printf 'Welcome to the node\r\nNotice> none\r\n'
trap 'echo stopped' INT
while printf 'cms1> ' && read -r line; do
  case "$line" in
    status) printf 'Status : \033[32mEnabled\033[0m\nTERM=%s\n' "$TERM" ;;
    size) stty size ;;
    upgrade) printf 'Are you sure? (Y/n)'; read -r answer; echo "answered $answer" ;;
    capture) sleep 60 ;;
    dribble) for part in cms 1 '> is ' no ' prompt'; do printf '%s' "$part"; sleep 0.05; done; echo ;;
    long*) echo "${#line}" ;;
    flood) exec cat /dev/zero | tr '\0' x ;;
    reboot) echo 'Going down'; exit 0 ;;
    crash) echo 'half of'; kill -9 $PPID ;;
    exit) exit 0 ;;
    *) echo "Unknown command: $line" ;;
  esac
done
"#;

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

fn dialect() -> Dialect {
    Dialect {
        id: "mmp".to_owned(),
        prompt: r"(?m)^[\w.-]+> ?$".to_owned(),
        confirm: vec![Ask {
            ask: "Are you sure".to_owned(),
            answer: "Y".to_owned(),
        }],
        interrupt: Some("ctrl-c".to_owned()),
        unknown_command: words(&["Unknown command"]),
        reads: words(&[
            "echo", "status", "size", "dribble", "long", "flood", "nothing", "crash",
        ]),
        verbs: words(&["upgrade", "capture", "reboot"]),
        leave: Some("exit".to_owned()),
        ..Dialect::default()
    }
}

fn command(line: &str) -> Command {
    Command {
        line: line.to_owned(),
        closes: line == "reboot",
        stop_after: (line == "capture").then_some(Duration::from_millis(300)),
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

fn run(program: &str, arguments: &[&str]) {
    let output = Process::new(program).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {output:?}"
    );
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Keys, settings and command line of a server and its client.
struct Site {
    folder: TempDir,
}

impl Site {
    /// Nothing, said aloud, where there is no OpenSSH server.
    fn new() -> Option<Self> {
        if !Path::new(SSHD).exists() {
            eprintln!("skipped: OpenSSH's server is not installed at {SSHD}");
            return None;
        }
        // what its service makes before it starts it as root
        _ = fs::create_dir("/run/sshd");
        let site = Self {
            folder: TempDir::new().unwrap(),
        };
        write(&site.path("node"), NODE, 0o755);
        for (name, kind, passphrase) in [
            ("host_ed25519", "ed25519", ""),
            ("host_ecdsa", "ecdsa", ""),
            ("stranger", "ed25519", ""),
            ("user", "ed25519", ""),
            ("locked", "ed25519", PASSPHRASE),
        ] {
            let file = site.text("", name);
            run(
                "ssh-keygen",
                &["-q", "-t", kind, "-N", passphrase, "-f", &file],
            );
        }
        let keys = ["user.pub", "locked.pub"]
            .map(|name| site.read(name))
            .concat();
        write(&site.path("authorized"), &keys, 0o600);
        site.use_key("user");
        Some(site)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A setting whose value is a file of the site.
    fn text(&self, before: &str, name: &str) -> String {
        format!("{before}{}", self.path(name).display())
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// An `ssh` with settings of its own, which notes how it was called.
    fn use_key(&self, key: &str) {
        let settings = [
            &self.text("IdentityFile ", key),
            &self.text("UserKnownHostsFile ", "known_hosts"),
            "GlobalKnownHostsFile /dev/null",
            "IdentitiesOnly yes",
            "IdentityAgent none",
            // ours have to win
            "StrictHostKeyChecking no",
            "UpdateHostKeys yes",
            "NoHostAuthenticationForLocalhost yes",
            "LogLevel QUIET",
            "ServerAliveInterval 0\n",
        ]
        .join("\n");
        write(&self.path("config"), &settings, 0o600);
        let folder = self.folder.path().display();
        let program = format!(
            "#!/bin/sh\n{{ echo \"$@\"; env; }} >>'{folder}/called'\necho $$ >'{folder}/pid'\n\
             exec ssh -F '{folder}/config' \"$@\"\n"
        );
        write(&self.path("ssh"), &program, 0o755);
    }

    /// Starts a server with this host key and waits until it answers.
    fn start(&self, host_key: &str, port: Option<u16>) -> Server {
        let free = || {
            TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port()
        };
        let port = port.unwrap_or_else(free);
        let settings = [
            &self.text("HostKey ", host_key),
            &self.text("AuthorizedKeysFile ", "authorized"),
            &self.text("ForceCommand ", "node"),
            &self.text("Banner ", "banner"),
            "PidFile none",
            "StrictModes no",
            "UsePAM no",
            "PermitRootLogin yes",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no\n",
        ]
        .join("\n");
        write(
            &self.path("banner"),
            "Permission denied (banner).\nHost key verification failed.\n",
            0o644,
        );
        write(&self.path("sshd_config"), &settings, 0o600);
        let child = Process::new(SSHD)
            .args([
                "-D",
                "-e",
                "-p",
                &port.to_string(),
                "-o",
                "ListenAddress=127.0.0.1",
                "-f",
            ])
            .arg(self.path("sshd_config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.path("sshd.log")).unwrap())
            .spawn()
            .unwrap();
        let server = Server { child, port };
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return server;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("sshd does not answer: {}", self.read("sshd.log"));
    }

    /// Makes these host keys known for a port.
    fn know(&self, port: u16, keys: &[&str]) -> String {
        let line = |key: &&str| {
            let key = self.read(&format!("{key}.pub"));
            format!("[127.0.0.1]:{port} {key}")
        };
        let text: String = keys.iter().map(line).collect();
        write(&self.path("known_hosts"), &text, 0o600);
        text
    }

    fn transport(&self) -> Ssh {
        Ssh {
            program: Some(self.path("ssh")),
            helper: Some(env!("CARGO_BIN_EXE_clusterdx").into()),
        }
    }

    /// Connects, and lets somebody use the agent.
    fn with<T>(
        &self,
        target: &Target,
        work: impl AsyncFnOnce(Box<dyn ClusterAgent>) -> T,
    ) -> Result<T, AgentError> {
        runtime().block_on(async {
            let (ssh, dialect) = (self.transport(), dialect());
            let agent = ssh.connect(target, &dialect, soon()).await?;
            Ok(work(agent).await)
        })
    }

    fn refusal(&self, target: &Target) -> AgentError {
        self.with(target, async |_| ()).expect_err("it is refused")
    }
}

/// A running `sshd`.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn target(port: u16) -> Target {
    let user = Process::new("id").arg("-un").output().unwrap().stdout;
    let user = String::from_utf8(user).unwrap();
    let url = format!("ssh://{}@127.0.0.1:{port}", user.trim());
    let mut target = Target::new("cms1", Place::parse(&url).unwrap());
    target.limits.settle = Duration::from_millis(150);
    target.limits.quiet = Duration::from_millis(150);
    target
}

/// A server whose key is known.
fn site() -> Option<(Site, Server, Target)> {
    let site = Site::new()?;
    let server = site.start("host_ed25519", None);
    site.know(server.port, &["host_ed25519"]);
    let target = target(server.port);
    Some((site, server, target))
}

async fn text(agent: &mut dyn ClusterAgent, line: &str) -> String {
    let output = agent.run(&command(line), soon()).await;
    output
        .unwrap_or_else(|error| panic!("{line}: {error:?}"))
        .text
}

// ---- sessions

#[test]
fn commands_are_answered() {
    let Some((site, _server, target)) = site() else {
        return;
    };
    let worked = site.with(&target, async |mut agent| {
        let a = agent.as_mut();
        assert_eq!(text(a, "status").await, "Status : Enabled\nTERM=dumb\n");
        assert_eq!(text(a, "dribble").await, "cms1> is no prompt\n");
        let long = format!("long {}", "x".repeat(700));
        assert_eq!(text(a, &long).await, "705\n");
        let output = a.run(&command("upgrade"), soon()).await.unwrap();
        assert_eq!(output.text, "answered Y\n");
        assert_eq!(output.confirmed.len(), 1);
        assert_eq!(text(a, "capture").await, "stopped\n");
        let output = a.run(&command("nothing"), soon()).await.unwrap();
        assert_eq!(output.answer, Answer::Unknown);
        assert_eq!(text(a, "size").await, "0 0\n");
        agent.close().await;
    });
    worked.unwrap();
}

#[test]
fn ends_of_sessions_are_told_apart() {
    let Some((site, _server, target)) = site() else {
        return;
    };
    let worked = site.with(&target, async |mut agent| {
        let output = agent.run(&command("reboot"), soon()).await.unwrap();
        assert_eq!(
            (output.answer, output.text.as_str()),
            (Answer::Closed, "Going down\n")
        );
        let again = agent.run(&command("status"), soon()).await.unwrap_err();
        assert_eq!((again.kind, again.sent), (FailureKind::Closed, false));
    });
    worked.unwrap();
    let worked = site.with(&target, async |mut agent| {
        let error = agent.run(&command("crash"), soon()).await.unwrap_err();
        assert_eq!(
            (error.kind, error.sent),
            (FailureKind::Closed, true),
            "{error:?}"
        );
    });
    worked.unwrap();
}

#[test]
fn a_flood_ends_at_its_limit() {
    let Some((site, _server, mut target)) = site() else {
        return;
    };
    target.limits.flood = 4 << 20;
    let worked = site.with(&target, async |mut agent| {
        let error = agent.run(&command("flood"), soon()).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Flood, "{error:?}");
    });
    worked.unwrap();
}

#[test]
fn ctrl_c_of_the_user_does_not_end_ssh_and_dropping_the_agent_does() {
    let Some((site, _server, target)) = site() else {
        return;
    };
    let worked = site.with(&target, async |mut agent| {
        let pid = site.read("pid").trim().to_owned();
        run("kill", &["-INT", &pid]);
        run("kill", &["-QUIT", &pid]);
        assert!(text(agent.as_mut(), "status").await.contains("Enabled"));
        drop(agent);
        for _ in 0..200 {
            if !Path::new("/proc").join(&pid).exists() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("ssh is still there");
    });
    worked.unwrap();
}

#[test]
fn the_echo_of_a_line_editor_is_no_answer() {
    let Some((site, _server, target)) = site() else {
        return;
    };
    let shell = "#!/bin/sh\nexport PS1='cms1> '\nexec bash --norc --noprofile -i\n";
    write(&site.path("node"), shell, 0o755);
    let worked = site.with(&target, async |mut agent| {
        for length in [1, 60, 71, 72, 73, 74, 75, 76, 80, 160, 500] {
            let word = "0123456789".repeat(50).split_at(length).0.to_owned();
            let shown = text(agent.as_mut(), &format!("echo {word}")).await;
            assert_eq!(shown, format!("{word}\n"), "with {length} characters");
        }
    });
    worked.unwrap();
}

// ---- host keys

#[test]
fn host_keys_that_are_not_known_are_refused_and_not_learned() {
    let Some(site) = Site::new() else {
        return;
    };
    let server = site.start("host_ed25519", None);
    let target = target(server.port);
    for (known, what) in [
        (&[][..], "the ED25519 host key is unknown"),
        (&["stranger"][..], "the host key has changed"),
        (&["host_ecdsa"][..], "another kind of key"),
    ] {
        let before = site.know(server.port, known);
        let error = site.refusal(&target);
        assert_eq!(error.kind, FailureKind::HostKey, "{error:?}");
        assert!(
            error.what.contains(what) && !error.help.is_empty(),
            "{error:?}"
        );
        assert_eq!(site.read("known_hosts"), before);
    }
    assert!(!site.read("sshd.log").contains("Accepted"));
}

#[test]
fn a_file_of_known_hosts_can_be_named() {
    let Some((site, server, mut target)) = site() else {
        return;
    };
    let known = site.know(server.port, &["host_ed25519"]);
    write(&site.path("known_hosts"), "", 0o600);
    write(&site.path("pinned hosts"), &known, 0o600);
    assert_eq!(site.refusal(&target).kind, FailureKind::HostKey);
    target.known_hosts = Some(site.path("pinned hosts"));
    site.with(&target, async |_| ()).unwrap();
    for odd in ["relative", "/a\"b", "/%h", "/${HOME}"] {
        target.known_hosts = Some(odd.into());
        assert_eq!(site.refusal(&target).kind, FailureKind::Connect, "{odd}");
    }
}

// ---- logins

#[test]
fn refused_logins_and_missing_servers_are_told_apart() {
    let Some((site, server, target)) = site() else {
        return;
    };
    site.use_key("stranger");
    let error = site.refusal(&target);
    assert_eq!(error.kind, FailureKind::Auth, "{error:?}");
    drop(server);
    let error = site.refusal(&target);
    assert_eq!(error.kind, FailureKind::Connect, "{error:?}");
    assert!(error.what.contains("refused"), "{error:?}");
}

#[test]
fn something_else_than_ssh_is_told() {
    let Some(site) = Site::new() else {
        return;
    };
    for hello in ["HTTP/1.1 400 Bad Request\r\n\r\n", ""] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            std::io::Write::write_all(&mut stream, hello.as_bytes()).unwrap();
        });
        assert_eq!(site.refusal(&target(port)).kind, FailureKind::Connect);
        server.join().unwrap();
    }
}

#[test]
fn a_server_that_says_nothing_costs_no_more_than_the_deadline() {
    let Some(site) = Site::new() else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = target(listener.local_addr().unwrap().port());
    let deadline = Instant::now() + Duration::from_millis(700);
    let error = runtime().block_on(async {
        let ssh = site.transport();
        ssh.connect(&target, &dialect(), deadline)
            .await
            .err()
            .unwrap()
    });
    assert_eq!(error.kind, FailureKind::Connect, "{error:?}");
    assert!(deadline.elapsed() < Duration::from_secs(5));
}

// ---- secrets

#[test]
fn a_secret_is_handed_over_and_shows_nowhere() {
    let Some((site, _server, mut target)) = site() else {
        return;
    };
    site.use_key("locked");
    target.password = Some(Secret::new(PASSPHRASE));
    let worked = site.with(&target, async |mut agent| {
        assert!(text(agent.as_mut(), "status").await.contains("Enabled"));
    });
    worked.unwrap();
    target.password = Some(Secret::new("wr0ng-passphrase"));
    let error = site.refusal(&target);
    assert_eq!(error.kind, FailureKind::Auth, "{error:?}");
    let called = site.read("called");
    assert!(called.contains(SOCKET) && called.contains("SSH_ASKPASS_REQUIRE=force"));
    for secret in [PASSPHRASE, "wr0ng-passphrase"] {
        assert!(
            !called.contains(secret),
            "neither in arguments nor in the environment"
        );
    }
    // an unknown host key is refused all the same
    let known = site.know(1, &["host_ed25519"]);
    assert_eq!(site.refusal(&target).kind, FailureKind::HostKey);
    assert_eq!(site.read("known_hosts"), known);
}

#[test]
fn the_helper_answers_passwords_alone() {
    runtime().block_on(async {
        let askpass = Askpass::listen(Secret::new(PASSPHRASE), None).unwrap();
        let ask = async |question: &str| {
            let mut helper = tokio::process::Command::new(env!("CARGO_BIN_EXE_clusterdx"));
            let output = helper
                .env(SOCKET, askpass.socket())
                .arg(question)
                .output()
                .await
                .unwrap();
            (
                output.status.success(),
                String::from_utf8(output.stdout).unwrap(),
            )
        };
        let question = "Are you sure you want to continue connecting (yes/no/[fingerprint])? ";
        assert_eq!(ask(question).await, (false, String::new()));
        let answer = (true, format!("{PASSPHRASE}\n"));
        assert_eq!(ask("admin@cms1's password: ").await, answer);
        assert_eq!(ask("admin@cms1's password: ").await, (false, String::new()));
        // asked without its socket it says nothing
        let mut lost = Process::new(env!("CARGO_BIN_EXE_clusterdx"));
        let lost = lost
            .env(SOCKET, "/nonexistent")
            .arg("Password: ")
            .output()
            .unwrap();
        assert!(!lost.status.success() && lost.stdout.is_empty() && lost.stderr.is_empty());
    });
}
