//! `ssh://`: the OpenSSH of the user, over pipes.
//!
//! Keys, known hosts, jump hosts and passwords are OpenSSH's own business: its configuration is
//! read as always, and nothing that guards host keys is ever weakened. An unknown key is refused,
//! not learned.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{ExitStatus, Stdio};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::askpass::Askpass;
use super::connect::Transport;
use super::dialect_agent::DialectAgent;
use super::session::Session;
use super::target::Target;
use super::{AgentError, BoxFuture, ClusterAgent, FailureKind};
use crate::catalog::remedy::Dialect;
use errors::Errors;

mod errors;
mod refusal;

/// For the connection itself; ssh ends it by the same number.
const CONNECT: Duration = Duration::from_secs(30);

/// For a person who types a password, as long as servers usually wait.
const TYPING: Duration = Duration::from_secs(120);

/// For ssh to end once its output has.
const END: Duration = Duration::from_secs(2);

/// Starts a program that Ctrl-C does not reach. It stays in the foreground, so that it may ask
/// for a password.
const UNDISTURBED: &str = r#"trap "" INT QUIT; exec "$@""#;

/// Options that every connection has. None of them makes less of a host key.
const OPTIONS: &[&str] = &[
    // unknown keys are refused, and nothing is written to known_hosts
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    "NoHostAuthenticationForLocalhost=no",
    "ConnectTimeout=30",
    "ConnectionAttempts=1",
    "ServerAliveInterval=10",
    "ServerAliveCountMax=3",
    // a session of its own, and nothing beside it
    "ControlMaster=no",
    "ControlPath=none",
    "ForwardAgent=no",
    "ForwardX11=no",
    "Tunnel=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "RequestTTY=force",
    // tells when the login is over, and why it failed
    "LogLevel=VERBOSE",
];

/// `ssh://`
pub struct Ssh {
    /// The program; none means the first `ssh` in `PATH`.
    pub program: Option<PathBuf>,
    /// What answers ssh's questions for a password; none means this program.
    pub helper: Option<PathBuf>,
}

impl Ssh {
    /// The `ssh` found in `PATH`.
    pub const IN_PATH: Self = Self {
        program: None,
        helper: None,
    };

    /// Connects and waits until the login is over.
    ///
    /// # Errors
    /// Of kind [`FailureKind::Connect`], [`FailureKind::Auth`] or [`FailureKind::HostKey`].
    pub async fn open(&self, target: &Target, deadline: Instant) -> Result<SshSession, AgentError> {
        let program = match &self.program {
            Some(program) => program.clone(),
            None => in_path("ssh").ok_or_else(|| AgentError {
                help: "install OpenSSH's client".to_owned(),
                ..failed(FailureKind::Connect, "there is no ssh in PATH")
            })?,
        };
        let arguments = arguments(target)?;
        let askpass = match &target.password {
            None => None,
            Some(password) => {
                check_version(&program).await?;
                let askpass = Askpass::listen(password.clone(), self.helper.clone());
                let broken = |error: io::Error| {
                    let what = format!("the password cannot be handed to ssh: {error}");
                    failed(FailureKind::Connect, &what)
                };
                Some(askpass.map_err(broken)?)
            }
        };
        let mut session = SshSession::start(&program, &arguments, askpass)?;
        let patience = match target.password {
            Some(_) => CONNECT,
            None => CONNECT + TYPING,
        };
        let until = deadline.min(Instant::now() + patience);
        match session.logged_in(until).await {
            Ok(()) => Ok(session),
            Err(status) => {
                let said = session.errors.text();
                drop(session);
                let known = known_by_other_key(&program, &arguments, &said).await;
                Err(refusal::of(target, status, &said, known))
            }
        }
    }
}

impl Transport for Ssh {
    fn scheme(&self) -> &'static str {
        "ssh"
    }

    fn connect<'a>(
        &'a self,
        target: &'a Target,
        dialect: &'a Dialect,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Box<dyn ClusterAgent>, AgentError>> {
        Box::pin(async move {
            let session = self.open(target, deadline).await?;
            let agent = DialectAgent::login(session, dialect, target.limits, deadline).await?;
            Ok(Box::new(agent) as Box<dyn ClusterAgent>)
        })
    }
}

fn failed(kind: FailureKind, what: &str) -> AgentError {
    AgentError {
        kind,
        what: what.to_owned(),
        said: String::new(),
        help: String::new(),
        sent: false,
    }
}

/// The first program of this name in `PATH`.
fn in_path(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// The arguments of ssh.
fn arguments(target: &Target) -> Result<Vec<OsString>, AgentError> {
    let place = &target.place;
    let mut all: Vec<OsString> = ["-tt", "-e", "none"].map(OsString::from).into();
    let mut options: Vec<String> = OPTIONS.iter().map(|option| (*option).to_owned()).collect();
    if target.password.is_some() {
        options.push("NumberOfPasswordPrompts=1".to_owned());
    }
    if let Some(file) = &target.known_hosts {
        options.push(format!("UserKnownHostsFile=\"{}\"", plain(file)?));
    }
    for option in options {
        all.push("-o".into());
        all.push(option.into());
    }
    let port = place.port.to_string();
    for word in ["-p", &port, "-l", &place.user, "--", &place.host] {
        all.push(word.into());
    }
    Ok(all)
}

/// A path that means itself inside quotes in a configuration of ssh.
fn plain(path: &Path) -> Result<&str, AgentError> {
    let odd = |c: char| c.is_control() || matches!(c, '"' | '\\' | '%' | '$');
    match path.to_str() {
        Some(text) if path.is_absolute() && !text.contains(odd) => Ok(text),
        _ => Err(AgentError {
            help: "give an absolute path without quotes, backslashes, % and $".to_owned(),
            ..failed(
                FailureKind::Connect,
                "the path of the known hosts cannot be handed to ssh",
            )
        }),
    }
}

/// Passwords can be handed over since OpenSSH 8.4.
async fn check_version(program: &Path) -> Result<(), AgentError> {
    let asked = tokio::process::Command::new(program)
        .arg("-V")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let text = match timeout(END, asked).await {
        Ok(Ok(output)) => String::from_utf8_lossy(&output.stderr).into_owned(),
        _ => String::new(),
    };
    match refusal::version(&text) {
        Some(version) if version < (8, 4) => Err(AgentError {
            said: text.trim().chars().take(200).collect(),
            help: "install OpenSSH 8.4 or later, use a key, or type the password when ssh asks"
                .to_owned(),
            ..failed(
                FailureKind::Connect,
                "this ssh cannot be handed a password: it is older than OpenSSH 8.4",
            )
        }),
        _ => Ok(()),
    }
}

/// True when ssh refused a host key as unknown although it knows another one of that host.
async fn known_by_other_key(program: &Path, arguments: &[OsString], said: &str) -> bool {
    if !refusal::is_unknown_key(said) {
        return false;
    }
    let Some(keygen) = in_path("ssh-keygen") else {
        return false;
    };
    let settings = asked(program, &[&["-G".into()], arguments].concat()).await;
    let Some((name, files)) = refusal::known_hosts(&settings.unwrap_or_default()) else {
        return false;
    };
    for file in files {
        let words = ["-F", name.as_str(), "-f", file.as_str()].map(OsString::from);
        if asked(&keygen, &words).await.is_some() {
            return true;
        }
    }
    false
}

/// What a program prints, if it succeeds soon.
async fn asked(program: &Path, arguments: &[OsString]) -> Option<String> {
    let asked = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(END, asked).await.ok()?.ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

/// A running ssh. It is ended and reaped when it is dropped, gently at first: it may have to give
/// back a terminal on which a password is being typed.
pub struct SshSession {
    input: ChildStdin,
    output: ChildStdout,
    errors: Errors,
    /// There until it is dropped.
    child: Option<Child>,
    /// Answers ssh until the login is over.
    askpass: Option<Askpass>,
}

impl SshSession {
    fn start(
        program: &Path,
        arguments: &[OsString],
        askpass: Option<Askpass>,
    ) -> Result<Self, AgentError> {
        let mut command = tokio::process::Command::new("/bin/sh");
        command
            .args(["-c", UNDISTURBED, "sh"])
            .arg(program)
            .args(arguments)
            .env("TERM", "dumb")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(askpass) = &askpass {
            askpass.announce(&mut command);
        }
        let broken = |error: io::Error| {
            let what = format!("ssh cannot be started: {error}");
            failed(FailureKind::Connect, &what)
        };
        let mut child = command.spawn().map_err(broken)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(errors)) = pipes else {
            return Err(failed(FailureKind::Connect, "ssh has no pipes"));
        };
        Ok(Self {
            input,
            output,
            errors: Errors::read(errors),
            child: Some(child),
            askpass,
        })
    }

    /// How it ended, once it has.
    async fn wait(child: &mut Option<Child>) -> Option<ExitStatus> {
        child.as_mut()?.wait().await.ok()
    }

    /// Waits until ssh says that the login is over; else how ssh ended, or nothing if it did not.
    async fn logged_in(&mut self, until: Instant) -> Result<(), Option<ExitStatus>> {
        let waiting = async {
            tokio::select! {
                biased;
                () = self.errors.logged_in() => Ok(()),
                status = Self::wait(&mut self.child) => Err(status),
            }
        };
        let mut result = tokio::time::timeout_at(until.into(), waiting)
            .await
            .unwrap_or(Err(None));
        if let Err(Some(_)) = result {
            _ = timeout(END, self.errors.end()).await;
            // a node that ends the session at once
            if self.errors.has_logged_in() {
                result = Ok(());
            }
        }
        self.askpass = None;
        result
    }
}

impl Drop for SshSession {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        let pid = child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            _ = kill_process(pid, Signal::TERM);
        }
        // without a runtime, or when that ends, it is killed at once
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                if timeout(END, child.wait()).await.is_err() {
                    _ = child.kill().await;
                }
            });
        }
    }
}

impl Session for SshSession {
    fn ended(&mut self) -> BoxFuture<'_, Option<AgentError>> {
        Box::pin(async move {
            let status = timeout(END, Self::wait(&mut self.child)).await.ok()??;
            _ = timeout(END, self.errors.end()).await;
            refusal::of_session(status, &self.errors.text())
        })
    }
}

impl AsyncRead for SshSession {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.output).poll_read(cx, buffer)
    }
}

impl AsyncWrite for SshSession {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.input).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_shutdown(cx)
    }
}
