//! Hands a password to ssh.
//!
//! ssh asks a program, `SSH_ASKPASS`, and that is ourselves again. It closes what its children
//! could inherit, so the helper learns the password through a socket in a folder that only its
//! owner may enter. The password is in no argument, no environment and no file, it is given once
//! for each kind of question, and only to processes of the same user.

use std::env;
use std::fs::{self, DirBuilder};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::os::unix::net::UnixStream as PlainStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::model::secret::Secret;

/// The variable that makes this program the helper: the path of the socket.
pub const SOCKET: &str = "CLUSTERDX_ASKPASS";

/// Longest question that is read.
const LONGEST: u64 = 4096;

/// For one exchange.
const PATIENCE: Duration = Duration::from_secs(10);

/// Questions that are listened to while one login lasts.
const QUESTIONS: usize = 32;

/// A password that waits for ssh to ask. Gone when it is dropped.
#[derive(Debug)]
pub struct Askpass {
    folder: PathBuf,
    helper: PathBuf,
    task: JoinHandle<()>,
}

/// What a question asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Password,
    Passphrase,
}

impl Askpass {
    /// Starts to listen. The helper is this program unless another one is named.
    ///
    /// # Errors
    /// When there is no place for a socket.
    pub fn listen(secret: Secret, helper: Option<PathBuf>) -> io::Result<Self> {
        let helper = helper.map_or_else(env::current_exe, Ok)?;
        let folder = private_folder(&env::temp_dir())?;
        let listening = UnixListener::bind(socket(&folder))
            .and_then(|listener| Ok((listener, fs::metadata(&folder)?.uid())));
        match listening {
            Ok((listener, owner)) => Ok(Self {
                folder,
                helper,
                task: tokio::spawn(serve(listener, owner, secret)),
            }),
            Err(error) => {
                _ = fs::remove_dir_all(&folder);
                Err(error)
            }
        }
    }

    /// Tells ssh and the helper whom to ask.
    pub fn announce(&self, ssh: &mut Command) {
        ssh.env("SSH_ASKPASS", &self.helper)
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env(SOCKET, self.socket());
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        socket(&self.folder)
    }
}

impl Drop for Askpass {
    fn drop(&mut self) {
        self.task.abort();
        _ = fs::remove_dir_all(&self.folder);
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("ask")
}

/// A new folder that only its owner may enter.
fn private_folder(below: &Path) -> io::Result<PathBuf> {
    let random = RandomState::new();
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for attempt in 0..16_u32 {
        let folder = below.join(format!("clusterdx-{:016x}", random.hash_one(attempt)));
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn serve(listener: UnixListener, owner: u32, secret: Secret) {
    let mut given = Vec::new();
    for _ in 0..QUESTIONS {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        _ = timeout(PATIENCE, answer(stream, owner, &secret, &mut given)).await;
    }
}

async fn answer(
    mut stream: UnixStream,
    owner: u32,
    secret: &Secret,
    given: &mut Vec<Wanted>,
) -> io::Result<()> {
    if stream.peer_cred()?.uid() != owner {
        return Ok(());
    }
    let mut question = Vec::new();
    (&mut stream)
        .take(LONGEST)
        .read_to_end(&mut question)
        .await?;
    let wanted = wanted(&String::from_utf8_lossy(&question));
    if let Some(wanted) = wanted.filter(|wanted| !given.contains(wanted)) {
        given.push(wanted);
        stream.write_all(secret.reveal().as_bytes()).await?;
    }
    stream.shutdown().await
}

/// What a question of ssh, or of a node through it, asks for: never an answer about a host key,
/// never a new password.
fn wanted(question: &str) -> Option<Wanted> {
    let question = question.to_lowercase();
    let other = [
        "yes/no",
        "(y/n)",
        "fingerprint",
        "continue connecting",
        "new password",
        "new unix password",
        "new passphrase",
        "retype",
        "re-enter",
        "verify password",
        "confirm password",
    ];
    let line = question.trim_end().lines().next_back()?;
    if other.iter().any(|phrase| question.contains(phrase)) || !line.ends_with(':') {
        return None;
    }
    match (line.contains("password"), line.contains("passphrase")) {
        (_, true) => Some(Wanted::Passphrase),
        (true, _) => Some(Wanted::Password),
        _ => None,
    }
}

/// The helper's side: asks for the answer to ssh's question. Nothing when it is refused.
///
/// # Errors
/// When nobody listens.
pub fn ask(socket: &Path, question: &str) -> io::Result<Option<Secret>> {
    let mut stream = PlainStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(question.as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    stream.take(LONGEST).read_to_string(&mut answer)?;
    Ok((!answer.is_empty()).then(|| Secret::new(answer)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Asks these questions one after the other.
    fn asked(questions: &'static [&'static str]) -> Vec<Option<String>> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let askpass = Askpass::listen(Secret::new("s3cret"), None).unwrap();
            let (path, folder) = (askpass.socket(), askpass.folder.clone());
            let mode = fs::metadata(&folder).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
            let answers = tokio::task::spawn_blocking(move || {
                let one = |question: &&str| {
                    let answer = ask(&path, question).unwrap();
                    answer.map(|secret| secret.reveal().to_owned())
                };
                questions.iter().map(one).collect()
            });
            let answers = answers.await.unwrap();
            let path = askpass.socket();
            drop(askpass);
            assert!(!folder.exists() && ask(&path, "Password: ").is_err());
            answers
        })
    }

    #[test]
    fn a_password_is_given_once() {
        let given = || Some("s3cret".to_owned());
        let answers = asked(&[
            "Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
            "Enter passphrase for key '/k': ",
            "admin@cms1's password: ",
            "admin@cms1's password: ",
            "Enter passphrase for key '/k2': ",
        ]);
        assert_eq!(answers, [None, given(), given(), None, None]);
    }

    #[test]
    fn only_passwords_are_asked_for() {
        for (question, answer) in [
            ("admin@10.0.0.1's password: ", Some(Wanted::Password)),
            ("(admin@newyork) Password: ", Some(Wanted::Password)),
            (
                "Enter passphrase for key '/home/a/.ssh/id': ",
                Some(Wanted::Passphrase),
            ),
            (
                "The authenticity of host 'h (1)' can't be established.\nED25519 key fingerprint is x.\nAre you sure you want to continue connecting (yes/no/[fingerprint])? ",
                None,
            ),
            ("Type the password to continue connecting (yes/no): ", None),
            ("New password: ", None),
            ("Retype new password: ", None),
            ("Verification code: ", None),
            ("", None),
        ] {
            assert_eq!(wanted(question), answer, "{question}");
        }
    }
}
