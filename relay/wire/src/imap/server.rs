//! The state machine of one session: what it waits for, and who carries on when it comes.

use std::sync::Arc;
use std::time::Duration;

use names::Timestamp;

use super::acl::AclAsk;
use super::append::{Append, Begun, Streaming};
use super::command::{By, Command};
use super::condstore::{Catching, Sync};
use super::enabled::Enabled;
use super::fetch::Fetching;
use super::find::Finding;
use super::list::Listing;
use super::metadata::Wanted;
use super::notify::{Notify, Telling};
use super::quota::QuotaAsk;
use super::reader::Reader;
use super::reply::{self, Completion};
use super::select::Selecting;
use super::session::{Expunges, Selection, Standing};
use super::status::StatusItem;
use super::store::{Copying, Expunging, Storing};
use super::{Answer, Ask, Changes, Config, FolderName, Mode, NameError, Refusal, limits};
use crate::sasl::Exchange;
use crate::{Action, Actions, Input, Machine, TlsFacts};

pub(super) type Out = Actions<Ask>;

/// One session of an IMAP door.
pub struct Server {
    pub(super) config: Arc<Config>,
    pub(super) phase: Phase,
    pub(super) reader: Reader,
    pub(super) channel: Channel,
    /// What is known of the TLS under it.
    pub(super) tls: Option<TlsFacts>,
    pub(super) standing: Standing,
    pub(super) selection: Option<Selection>,
    /// What the client has switched on.
    pub(super) enabled: Enabled,
    /// Events that came while a command ran; told with its end.
    pub(super) late: Vec<Changes>,
    /// Once it has said NOTIFY.
    pub(super) notify: Option<Box<Notify>>,
    /// Refused commands so far.
    pub(super) faults: u32,
    /// Refused sign-ins so far.
    pub(super) refused_sign_ins: u32,
    stopping: Stopping,
}

/// What lies under the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Plain,
    Secured,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stopping {
    No,
    AfterThis,
}

/// What the session waits for.
#[derive(Debug)]
pub(super) enum Phase {
    /// The connection.
    Fresh,
    /// A command, or the rest of one.
    Ready,
    /// A line of AUTHENTICATE. `refusal` waits until the client has taken what is wrong with its token.
    Sasl { tag: String, exchange: Exchange, refusal: Option<Refusal> },
    /// `DONE`
    Idle { tag: String },
    /// The octets of an appended letter.
    Appending(Streaming),
    /// The world.
    Waiting(Task),
    /// TLS.
    Handshake,
    /// Nothing more.
    Over,
}

/// What is done with the world's next answer.
#[derive(Debug)]
pub(super) enum Task {
    Identify {
        tag: String,
    },
    /// `exchange` is `None` for the LOGIN command.
    SignIn {
        tag: String,
        exchange: Option<Exchange>,
    },
    List {
        tag: String,
        listing: Box<Listing>,
        patterns: Vec<String>,
    },
    Metadata {
        tag: String,
        folder: Option<FolderName>,
        wanted: Wanted,
    },
    Create {
        tag: String,
    },
    Delete {
        tag: String,
    },
    Namespace {
        tag: String,
    },
    Acl {
        tag: String,
        ask: AclAsk,
    },
    Quota {
        tag: String,
        ask: QuotaAsk,
    },
    Notify {
        tag: String,
        telling: Telling,
        active: bool,
    },
    Outcome {
        tag: String,
        done: &'static str,
    },
    Status {
        tag: String,
        folder: FolderName,
        items: Vec<StatusItem>,
    },
    Unselect {
        tag: String,
        then: AfterUnselect,
    },
    Select(Box<Selecting>),
    Catch(Box<Catching>),
    Poll {
        tag: String,
        completion: Completion,
        expunges: Expunges,
    },
    IdlePoll {
        tag: String,
    },
    Fetch(Box<Fetching>),
    Store(Storing),
    Find(Finding),
    Copy(Copying),
    Expunge(Expunging),
    AppendBegin(Begun),
    AppendFinish(Append),
    AppendDiscard {
        tag: String,
        completion: Completion,
    },
}

#[derive(Debug)]
pub(super) enum AfterUnselect {
    Complete(Completion),
    Select(FolderName, Mode, Sync),
    /// The folder that was asked for cannot be.
    Refuse(NameError),
}

impl Server {
    /// A session that has not begun; [`Input::Open`] begins it. On an implicit-TLS port (993) the
    /// driver opens it with the facts of the handshake, and STARTTLS is then not offered.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            phase: Phase::Fresh,
            reader: Reader::default(),
            channel: Channel::Plain,
            tls: None,
            standing: Standing::Stranger,
            selection: None,
            enabled: Enabled::default(),
            late: Vec::new(),
            notify: None,
            faults: 0,
            refused_sign_ins: 0,
            stopping: Stopping::No,
        }
    }

    /// Reads what it may of the bytes at hand.
    fn run(&mut self, out: &mut Out) {
        loop {
            let progress = match &self.phase {
                Phase::Ready if self.stopping == Stopping::AfterThis => {
                    self.bye("UNAVAILABLE", "the server stops; please come back", out);
                    false
                }
                Phase::Ready => self.read_command(out),
                Phase::Sasl { .. } => self.read_sasl(out),
                Phase::Idle { .. } => self.read_done(out),
                Phase::Appending(_) => self.read_letter(out),
                Phase::Fresh | Phase::Waiting(_) | Phase::Handshake | Phase::Over => false,
            };
            if !progress {
                return;
            }
        }
    }

    fn answered(&mut self, task: Task, answer: Answer, out: &mut Out) {
        match (task, answer) {
            (Task::Identify { tag }, Answer::Done) => self.identified(&tag, out),
            (Task::SignIn { tag, exchange }, Answer::Outcome(outcome)) => {
                self.signed_in(&tag, exchange, outcome, out);
            }
            (Task::SignIn { tag, exchange: Some(exchange) }, Answer::Challenge(challenge)) => {
                self.world_challenges(tag, exchange, &challenge, out);
            }
            (Task::List { tag, listing, patterns }, Answer::Folders(folders)) => {
                self.listed(&tag, &listing, &patterns, folders, out);
            }
            (Task::Namespace { tag }, Answer::Namespaces(found)) => self.namespaces(&tag, found, out),
            (Task::Notify { tag, telling, active }, Answer::Notices(notices)) => {
                self.notifies(&tag, (telling, active), notices, out);
            }
            (Task::Quota { tag, ask }, Answer::Quota(root)) => self.told_quota(&tag, &ask, root, out),
            (Task::Acl { tag, ask }, Answer::Acl(answer)) => self.told_rights(&tag, &ask, answer, out),
            (Task::Metadata { tag, folder, wanted }, Answer::Annotations(annotations)) => {
                self.annotated(&tag, folder.as_ref(), &wanted, annotations, out);
            }
            (Task::Create { tag }, Answer::Created(created)) => self.created(&tag, created, out),
            (Task::Delete { tag }, Answer::Deleted(deleted)) => self.deleted(&tag, deleted, out),
            (Task::Outcome { tag, done }, Answer::Outcome(Ok(()))) => {
                self.complete(&tag, Completion::ok(done), Expunges::Told, out);
            }
            (Task::Outcome { tag, .. }, Answer::Outcome(Err(refusal))) => {
                self.complete(&tag, Completion::refused(refusal), Expunges::Told, out);
            }
            (Task::Status { tag, folder, items }, Answer::Status(status)) => {
                self.counted(&tag, &folder, &items, status, out);
            }
            (Task::Unselect { tag, then }, Answer::Done) => self.unselected(tag, then, out),
            (Task::Select(selecting), Answer::Selected(selected)) => self.selected(*selecting, selected, out),
            (Task::Catch(catching), Answer::Since(since)) => self.caught(*catching, since, out),
            (Task::Poll { tag, completion, expunges }, Answer::Changes(changes)) => {
                self.polled(tag, completion, expunges, changes, out);
            }
            (Task::IdlePoll { tag }, Answer::Changes(changes)) => self.idles(tag, changes, out),
            (Task::Fetch(fetching), answer @ (Answer::Row(_) | Answer::Chunk(_) | Answer::Refused(_))) => {
                self.fetched(fetching, answer, out);
            }
            (
                Task::Store(storing),
                answer @ (Answer::Flagged(_) | Answer::Modified(_) | Answer::Refused(_)),
            ) => {
                self.stored(storing, answer, out);
            }
            (Task::Find(finding), answer @ (Answer::Found(_) | Answer::Threads(_) | Answer::Refused(_))) => {
                self.found(finding, answer, out);
            }
            (Task::Copy(copying), Answer::Copied(copied)) => self.copied(copying, copied, out),
            (Task::Expunge(expunging), Answer::Expunged(expunged)) => self.expunged(expunging, expunged, out),
            (Task::AppendBegin(begun), Answer::Outcome(outcome)) => self.append_begins(begun, outcome, out),
            (Task::AppendFinish(append), Answer::Appended(placed)) => self.appended(append, placed, out),
            (Task::AppendDiscard { tag, completion }, Answer::Done) => {
                self.append_refused(&tag, completion, out);
            }
            // The world gave an answer to another question. Going on could show one message as another.
            (_, _) => self.bye("SERVERBUG", "an internal error; please come back", out),
        }
    }

    fn ended(&mut self, task: Task, out: &mut Out) {
        match task {
            Task::Fetch(fetching) => self.fetch_ended(*fetching, out),
            Task::Store(storing) => self.store_ended(storing, out),
            Task::Find(finding) => self.find_ended(finding, out),
            _ => self.bye("SERVERBUG", "an internal error; please come back", out),
        }
    }

    /// Says goodbye and closes.
    pub(super) fn bye(&mut self, code: &str, text: &str, out: &mut Out) {
        out.send(reply::bye(code, text).as_bytes());
        out.push(Action::Close);
        self.phase = Phase::Over;
    }

    /// Waits for one answer.
    pub(super) fn ask(&mut self, ask: Ask, task: Task, out: &mut Out) {
        self.phase = Phase::Waiting(task);
        out.push(Action::Ask(ask));
    }

    /// Waits for a stream of answers.
    pub(super) fn pull(&mut self, ask: Ask, task: Task, out: &mut Out) {
        self.phase = Phase::Waiting(task);
        out.push(Action::Pull(ask));
    }

    /// Runs one well-formed command. RFC 3501 §3 says in which state each may come.
    pub(super) fn execute(&mut self, tag: &str, command: Command, out: &mut Out) {
        let signed_in = self.standing == Standing::SignedIn;
        match command {
            Command::Capability => self.capability(tag, out),
            Command::Noop => self.complete(tag, Completion::ok("NOOP done"), Expunges::Told, out),
            Command::Logout => self.logout(tag, out),
            Command::Id(pairs) => self.ask(Ask::Identify(pairs), Task::Identify { tag: tag.to_owned() }, out),
            Command::StartTls => self.start_tls(tag, out),
            Command::Login { login, password } => {
                self.login(tag, &login, &zeroize::Zeroizing::new(password), out);
            }
            Command::Authenticate { mechanism, initial } => {
                self.authenticate(tag, &mechanism, initial.as_deref(), out);
            }
            _ if !signed_in => self.fail(tag, Completion::bad("sign in first").with("CLIENTBUG"), out),
            Command::Enable(wanted) => self.enable(tag, &wanted, out),
            Command::Namespace => self.namespace(tag, out),
            Command::Acl(ask) => self.acl(tag, ask, out),
            Command::Quota(ask) => self.quota(tag, ask, out),
            Command::SetQuota => self.set_quota(tag, out),
            Command::Notify(wanted) => self.notify(tag, wanted, out),
            Command::List(listing) => self.list(tag, listing, out),
            Command::Status { folder, items } => self.status(tag, folder, items, out),
            Command::Metadata { folder, wanted } => self.metadata(tag, folder, wanted, out),
            Command::SetMetadata { folder, changes } => self.set_metadata(tag, folder, changes, out),
            Command::Create { folder, uses } => self.create(tag, folder, &uses, out),
            Command::Delete(folder) => self.delete(tag, folder, out),
            Command::Rename { from, to } => self.rename(tag, from, to, out),
            Command::Subscribe { folder, change } => self.subscribe(tag, folder, change, out),
            Command::Select { folder, mode, sync } => self.select(tag, (folder, mode), sync, out),
            Command::SelectNothing(error) => self.select_nothing(tag, error, out),
            Command::Idle => self.idle(tag, out),
            _ if self.selection.is_none() => {
                self.fail(tag, Completion::bad("select a folder first").with("CLIENTBUG"), out);
            }
            Command::Check => self.complete(tag, Completion::ok("CHECK done"), Expunges::Told, out),
            Command::Unselect => {
                self.unselect(tag, AfterUnselect::Complete(Completion::ok("UNSELECT done")), out);
            }
            Command::Close => self.close(tag, out),
            Command::Expunge { among } => self.expunge(tag, among.as_ref(), out),
            Command::Fetch { by, set, items, modifiers } => {
                self.fetch(tag, (by, &set), (items, modifiers), out);
            }
            Command::Store { by, set, storing } => self.store(tag, (by, &set), storing, out),
            Command::Find(find) => self.find(tag, find, out),
            Command::Copy { by, set, to, kind } => self.copy(tag, by, &set, (kind, to), out),
        }
    }
}

impl By {
    /// FETCH, STORE and SEARCH by number must not be answered with EXPUNGE (RFC 3501 §7.4.1): numbers
    /// in the client's next pipelined command would shift. The UID forms may.
    pub(super) fn expunges(self) -> Expunges {
        match self {
            By::Number => Expunges::Kept,
            By::Uid => Expunges::Told,
        }
    }
}

impl Machine for Server {
    type Ask = Ask;
    type Answer = Answer;

    fn step(&mut self, input: Input<'_, Answer>, _now: Timestamp, out: &mut Actions<Ask>) {
        match input {
            Input::Open(facts) => {
                if facts.is_some() {
                    self.channel = Channel::Secured;
                }
                self.tls = facts;
                self.greet(out);
            }
            // Behind a BYE nothing is listened to, nor kept (RELIABILITY I-01).
            Input::Bytes(_) if self.phase.is_over() => {}
            Input::Bytes(bytes) => self.reader.put(bytes),
            Input::Answer(answer) => match std::mem::replace(&mut self.phase, Phase::Ready) {
                Phase::Waiting(task) => self.answered(task, answer, out),
                other => self.phase = other,
            },
            Input::End => match std::mem::replace(&mut self.phase, Phase::Ready) {
                Phase::Waiting(task) => self.ended(task, out),
                other => self.phase = other,
            },
            Input::Secured(facts) => {
                // T-01: whatever came in clear after STARTTLS is gone, nothing said before counts.
                self.reader = Reader::default();
                self.channel = Channel::Secured;
                self.tls = Some(facts);
                self.phase = Phase::Ready;
            }
            Input::Event(Answer::Changes(changes)) => self.event(changes, out),
            Input::Event(Answer::Notices(Ok(notices))) => self.notices(notices, out),
            Input::Event(_) => self.bye("SERVERBUG", "an internal error; please come back", out),
            Input::Silence => match self.phase {
                Phase::Over => {}
                _ => self.bye("UNAVAILABLE", "silent too long; please come back", out),
            },
            Input::Stopping => {
                self.stopping = Stopping::AfterThis;
                match self.phase {
                    Phase::Waiting(_) | Phase::Over => {}
                    _ => self.bye("UNAVAILABLE", "the server stops; please come back", out),
                }
            }
            Input::Gone | Input::Failed(_) => self.phase = Phase::Over,
        }
        self.run(out);
    }

    fn patience(&self) -> Duration {
        let inside = !matches!(self.phase, Phase::Ready | Phase::Idle { .. }) || self.reader.is_inside();
        match self.standing {
            Standing::Stranger => limits::PATIENCE_BEFORE_SIGN_IN,
            Standing::SignedIn if inside => limits::PATIENCE_INSIDE,
            Standing::SignedIn => limits::PATIENCE,
        }
    }

    fn listening(&self) -> bool {
        // Without a folder there is no news but the end of the session.
        matches!(self.phase, Phase::Idle { .. }) || self.hears_between()
    }
}
