//! The helper: found, started, ended, and what it says when it cannot.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::super::failure::{Failure, Trouble, did_you_mean};
use super::super::near::near;
use super::super::settings;
use crate::model::helper::HelperTrouble;

/// Its file name.
const NAME: &str = "clusterdx-capture";
/// How long a helper may take to end before it is killed: 50 looks.
const LOOKS: u32 = 50;
const LOOK: Duration = Duration::from_millis(100);
/// What it says is one line; more is not kept.
const WORDS: u64 = 4096;

/// An interface as the helper lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) name: String,
    pub(super) addresses: Vec<String>,
    pub(super) up: bool,
}

/// Where the helper is.
#[derive(Clone, Debug)]
pub(super) struct Helper(PathBuf);

impl Helper {
    /// Looks for it beside this program, then in `PATH`.
    ///
    /// # Errors
    /// Where it was looked for.
    pub(super) fn find() -> Result<Self, Failure> {
        let own = std::env::current_exe().unwrap_or_default();
        let beside = own.parent().map(|folder| folder.join(NAME));
        let found = beside
            .into_iter()
            .chain(settings::search(NAME))
            .find(|path| path.is_file());
        found.map(Self).ok_or_else(|| {
            Trouble::new(format!("cannot find the capture helper '{NAME}'"))
                .cause(format!(
                    "it is neither beside '{}' nor in PATH",
                    own.display()
                ))
                .help("install it beside clusterdx; 'cargo build --release --features capture' builds it and needs libpcap")
                .help("or capture with 'tcpdump -w FILE' and give the file to 'clusterdx diagnose'")
                .into()
        })
    }

    /// The interfaces that packets can be captured on.
    pub(super) fn interfaces(&self) -> Result<Vec<Interface>, Failure> {
        let output = Command::new(&self.0)
            .arg("--list")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| self.cannot_start(&error))?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(self
                .trouble("any interface", &words, output.status)
                .1
                .into());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().filter_map(interface).collect())
    }

    /// Starts a capture.
    pub(super) fn start(&self, interface: &str, filter: &str) -> Result<Running, Failure> {
        let mut child = Command::new(&self.0)
            .args(["--interface", interface, "--filter", filter])
            .arg("--stop-at-eof")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| self.cannot_start(&error))?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let stdout = stdout.ok_or_else(|| self.cannot_start(&io::ErrorKind::BrokenPipe.into()))?;
        let running = Running {
            child: Mutex::new(child),
            stdin: Mutex::new(stdin),
            stdout: Mutex::new(Some(stdout)),
        };
        Ok(running)
    }

    fn cannot_start(&self, error: &io::Error) -> Failure {
        Trouble::new(format!("cannot start '{}'", self.0.display()))
            .because(error)
            .into()
    }

    /// What the helper's last words mean, and what to do about it.
    pub(super) fn trouble(
        &self,
        interface: &str,
        words: &str,
        status: ExitStatus,
    ) -> (HelperTrouble, Trouble) {
        let line = words.lines().last().unwrap_or("");
        let (name, text) = line.split_once('\t').unwrap_or(("", line));
        let known = HelperTrouble::of_name(name).unwrap_or(HelperTrouble::Other);
        let trouble = Trouble::new(format!("cannot capture on '{interface}'"));
        let trouble = if text.is_empty() {
            trouble.cause(format!("the capture helper ended: {status}"))
        } else {
            trouble.cause(text)
        };
        (known, self.advise(trouble, known, interface))
    }

    fn advise(&self, trouble: Trouble, known: HelperTrouble, interface: &str) -> Trouble {
        let path = self.0.display();
        match known {
            HelperTrouble::NoPrivilege => trouble
                .help(format!(
                    "let the helper capture, once: sudo setcap cap_net_raw=ep {}",
                    quoted(&self.0)
                ))
                .help("or run this command with sudo; the helper gives its rights up at once"),
            HelperTrouble::NoInterface => match self.near(interface) {
                names if names.is_empty() => {
                    trouble.help("'clusterdx capture --list' lists the interfaces")
                }
                names => trouble.help(did_you_mean(&names)),
            },
            HelperTrouble::BadFilter => trouble.help("'man pcap-filter' has the words of a filter"),
            HelperTrouble::InterfaceDown => trouble.help(format!(
                "bring it up first: sudo ip link set {interface} up"
            )),
            HelperTrouble::InterfaceGone => {
                trouble.help("the report is of the packets before that")
            }
            HelperTrouble::KeepsRights => trouble
                .help("the helper captures nothing while it has rights that it does not need"),
            HelperTrouble::Usage => {
                trouble.help(format!("'{path}' is of another version than this program"))
            }
            HelperTrouble::Other => trouble,
        }
    }

    fn near(&self, interface: &str) -> Vec<String> {
        let known = self.interfaces().unwrap_or_default();
        let up = known.iter().filter(|known| known.up);
        near(interface, up.map(|known| known.name.as_str()))
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn interface(line: &str) -> Option<Interface> {
    let mut parts = line.split('\t');
    let name = parts.next().filter(|name| !name.is_empty())?;
    let addresses = parts.next()?.split(',').filter(|text| !text.is_empty());
    Some(Interface {
        name: name.to_owned(),
        addresses: addresses.map(str::to_owned).collect(),
        up: parts.next()? == "up",
    })
}

/// A helper at work. It is killed when nobody has seen its end.
pub(super) struct Running {
    child: Mutex<Child>,
    stdin: Mutex<Option<ChildStdin>>,
    stdout: Mutex<Option<ChildStdout>>,
}

impl Running {
    /// What it writes; once.
    pub(super) fn output(&self) -> Option<ChildStdout> {
        lock(&self.stdout).take()
    }

    /// Asks it to end.
    pub(super) fn stop(&self) {
        lock(&self.stdin).take();
    }

    /// Waits until it has ended after its output has, for a while; its words and status.
    pub(super) fn end(&self) -> io::Result<(String, ExitStatus)> {
        self.stop();
        let mut child = lock(&self.child);
        let mut status = child.try_wait()?;
        for _ in 0..LOOKS {
            if status.is_some() {
                break;
            }
            thread::sleep(LOOK);
            status = child.try_wait()?;
        }
        let status = match status {
            Some(status) => status,
            None => {
                child.kill()?;
                child.wait()?
            }
        };
        let mut words = Vec::new();
        if let Some(stderr) = child.stderr.take() {
            stderr.take(WORDS).read_to_end(&mut words)?;
        }
        Ok((String::from_utf8_lossy(&words).into_owned(), status))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut child = lock(&self.child);
        if matches!(child.try_wait(), Ok(None)) {
            _ = child.kill();
            _ = child.wait();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_list() {
        let expected = Interface {
            name: "eth0".to_owned(),
            addresses: vec!["192.0.2.1".to_owned(), "fe80::1".to_owned()],
            up: true,
        };
        assert_eq!(interface("eth0\t192.0.2.1,fe80::1\tup"), Some(expected));
        let any = interface("any\t\tdown").unwrap();
        assert!(any.addresses.is_empty() && !any.up);
        assert_eq!(interface("eth0"), None);
    }

    #[test]
    fn a_path_is_quoted_where_a_shell_would_read_it_otherwise() {
        assert_eq!(quoted(Path::new("/usr/bin/x")), "/usr/bin/x");
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
