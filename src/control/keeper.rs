//! The server's end.

use super::{Proof, Question, Socket, Told, VERSION, frames};
use crate::assembly::{self, House};
use crate::config::Config;
use crate::{cmd, control};
use audit::{Act, Actor};
use certs::ServerIdentity;
use directory::trust::Brake;
use names::Timestamp;
use net::StopSignal;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Administrators served at a time; the next one waits.
const AT_ONCE: usize = 8;
/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a command may take; a whole proof of a large store is the longest.
const LONGEST: Duration = Duration::from_secs(6 * 3_600);
/// Between two steps of a long command that are told.
const STEP: Duration = Duration::from_millis(100);
/// Pause after an accept failed.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers administrators. Cheap to clone.
#[derive(Clone)]
pub struct Keeper {
    house: Arc<House>,
    /// What our doors show, and what other operators are shown: often the same.
    identities: [Arc<ServerIdentity>; 2],
    checkpoints: PathBuf,
    owner: u32,
}

impl Keeper {
    pub(crate) fn new(house: Arc<House>, identities: [Arc<ServerIdentity>; 2], config: &Config) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let owner = std::fs::metadata(&config.server.data).map_or(0, |folder| folder.uid());
        Self { house, identities, checkpoints: assembly::checkpoints(config), owner }
    }

    /// Reads the certificates again.
    pub(crate) async fn reload(&self) -> anyhow::Result<()> {
        let [doors, operators] = &self.identities;
        ServerIdentity::reload_all(&[doors, operators], self.house.clock.now())?;
        Ok(assembly::note(&self.house, Actor::Operator, Act::Reloaded, String::new()).await?)
    }

    /// What the doors show.
    #[cfg(test)]
    pub(crate) fn identity(&self) -> &ServerIdentity {
        &self.identities[0]
    }

    /// Answers until the stop.
    pub(crate) async fn serve(self, socket: Socket, mut stop: StopSignal) {
        let mut clients = JoinSet::new();
        loop {
            while clients.len() >= AT_ONCE {
                clients.join_next().await;
            }
            let accepted = tokio::select! {
                () = stop.given() => break,
                _ = clients.join_next(), if !clients.is_empty() => continue,
                accepted = socket.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let keeper = self.clone();
                    clients.spawn(async move {
                        if let Err(error) = keeper.talk(stream).await {
                            tracing::warn!(%error, "an administrator was not answered");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the control socket refuses");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        clients.shutdown().await;
    }

    async fn talk(&self, mut stream: UnixStream) -> io::Result<()> {
        let peer = stream.peer_cred()?.uid();
        if peer != 0 && peer != self.owner {
            return frames::write(&mut stream, &Told::failed("this socket is for the server's own user\n"))
                .await;
        }
        let question = tokio::time::timeout(PATIENCE, Self::listen(&mut stream)).await;
        let question = match question.map_err(|_| io::Error::other("a client said nothing"))?? {
            Some(Ok(question)) => question,
            Some(Err(told)) => return frames::write(&mut stream, &told).await,
            None => return Ok(()),
        };
        let (progress, mut heard) = mpsc::channel(16);
        let answer = self.answer(&question, progress);
        tokio::pin!(answer);
        let deadline = tokio::time::sleep(LONGEST);
        tokio::pin!(deadline);
        let last = loop {
            tokio::select! {
                told = &mut answer => break told,
                Some(told) = heard.recv() => frames::write(&mut stream, &told).await?,
                () = &mut deadline => break Told::failed("the command took too long and was given up\n"),
            }
        };
        while let Ok(told) = heard.try_recv() {
            frames::write(&mut stream, &told).await?;
        }
        frames::write(&mut stream, &last).await
    }

    /// What a client wants, or what to tell it instead; none when it only looked whether a server is here.
    async fn listen(stream: &mut UnixStream) -> io::Result<Option<Result<Question, Told>>> {
        let Some(version) = frames::read::<String>(stream).await? else { return Ok(None) };
        if version != VERSION {
            return Ok(Some(Err(Told::failed(format!(
                "this is pli {version} and the running server is pli {VERSION}: use the same version, or restart \
                 the server\n"
            )))));
        }
        let question = frames::read(stream).await?;
        Ok(Some(Ok(question.ok_or_else(|| io::Error::other("a client left before it asked"))?)))
    }

    async fn answer(&self, question: &Question, progress: mpsc::Sender<Told>) -> Told {
        match question {
            Question::Reload => match self.reload().await {
                Ok(()) => Told::done(cmd::admin::identities(&self.identities[0].current())),
                Err(error) => Told::failed(format!("{error:#}\nThe certificates in use stay.\n")),
            },
            Question::Admin(_)
            | Question::National(_)
            | Question::Patients(_)
            | Question::Checkpoint
            | Question::RefreshTrust(_)
            | Question::Verify(_) => {
                control::answer(&self.house, &self.checkpoints, question, progress).await
            }
        }
    }
}

/// Carries a question out on a house, whoever holds it.
pub(crate) async fn answer(
    house: &House,
    checkpoints: &std::path::Path,
    question: &Question,
    progress: mpsc::Sender<Told>,
) -> Told {
    let now = house.clock.now();
    match question {
        Question::Admin(command) => told(house.admin().run(command, now).await),
        Question::National(command) => {
            let means = admin::Means {
                clock: house.clock.clone(),
                scratch: house.folder.join("imports"),
                teller: steps(progress),
            };
            told(house.admin().national(command, means).await)
        }
        Question::Patients(command) => {
            let means = admin::PatientMeans { clock: house.clock.clone(), steps: words(progress) };
            told(house.admin().import_patients(command, &means).await)
        }
        Question::Checkpoint => {
            match assembly::checkpoint(&house.data, &house.signer, checkpoints, now).await {
                Ok(Some(made)) => {
                    Told::done(format!("{}appended to {}\n", made.export(), checkpoints.display()))
                }
                Ok(None) => Told::done("Nothing has happened since the last checkpoint.\n"),
                Err(error) => Told::failed(format!("{error:#}\n")),
            }
        }
        Question::RefreshTrust(brake) => refresh_trust(house, *brake, now).await,
        Question::Verify(proof) => match cmd::verify::prove(house, *proof, progress).await {
            Ok(told) => told,
            Err(error) => Told::failed(format!("{error:#}\n")),
        },
        Question::Reload => Told::failed("no server runs, so there is nothing to reload\n"),
    }
}

fn told(done: Result<admin::Done, admin::Error>) -> Told {
    match done {
        Ok(done) => Told::End { text: done.text, done: done.complete },
        Err(admin::Error::Refused(text)) => Told::failed(format!("{text}\n")),
        Err(error) => Told::failed(format!("{:#}\n", anyhow::Error::from(error))),
    }
}

/// Steps for whoever waits: the first of each phase, and then as many as are taken.
fn steps(progress: mpsc::Sender<Told>) -> register::import::Teller {
    let last = std::sync::Mutex::new((None, std::time::Instant::now()));
    Arc::new(move |step: register::import::Progress| {
        let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.0 == Some(step.phase) && last.1.elapsed() < STEP {
            return;
        }
        *last = (Some(step.phase), std::time::Instant::now());
        let what = cmd::admin::directory::phase(step.phase).to_owned();
        // A step that finds no room is no loss: the next one says more.
        let _ = progress.try_send(Told::Step { what, done: step.done, total: step.total });
    })
}

/// The same for steps that bring their words.
fn words(progress: mpsc::Sender<Told>) -> admin::Steps {
    let last = std::sync::Mutex::new(("", std::time::Instant::now()));
    Arc::new(move |what, done, total| {
        let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.0 == what && last.1.elapsed() < STEP {
            return;
        }
        *last = (what, std::time::Instant::now());
        let _ = progress.try_send(Told::Step { what: what.to_owned(), done, total });
    })
}

async fn refresh_trust(house: &House, brake: Brake, now: Timestamp) -> Told {
    let Some(refresh) = &house.trust_refresh else {
        return Told::failed(
            "the configuration names no origin: set trust.url or trust.file, or give a FILE\n",
        );
    };
    match refresh.once(brake, Actor::Operator, now).await.map(|loaded| loaded.as_ref().map(admin::tell_trust))
    {
        Ok(None) => Told::done("The publisher has no newer list.\n"),
        Ok(Some(Ok(done))) => Told::done(done.text),
        Ok(Some(Err(refused))) => Told::failed(format!("{refused}\n")),
        Err(error) => Told::failed(format!("{error:#}\nThe list in force stays.\n")),
    }
}

impl Proof {
    pub(crate) fn depth(self) -> mailstore::Depth {
        match self {
            Self::Rows => mailstore::Depth::Rows,
            Self::Contents => mailstore::Depth::Contents,
        }
    }
}
