//! What may happen: the commands of the sessions, and what comes in between.

use proptest::prelude::*;

use super::book::{How, Marks};

/// Messages of the open folder, chosen when the command is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Which {
    pub(super) way: Way,
    pub(super) from: u8,
    pub(super) span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Number,
    Uid,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Span {
    /// This many after the first.
    More(u8),
    /// `:*`
    ToStar,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    Flags,
    Envelope,
    /// Sets `\Seen`.
    Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Echo {
    Told,
    Silent,
}

/// UNCHANGEDSINCE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    None,
    /// The folder's number that was told last.
    Folder,
    /// That of the first message.
    First,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    All,
    Is(u8),
    IsNot(u8),
}

/// A command.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    Noop,
    Idle,
    Fetch(Which, What),
    Store(Which, How, u8, Echo, Guard),
    Copy(Which, u8),
    Move(Which, u8),
    Append(u8, u8, u8),
    Replace(Which, u8),
    Expunge,
    UidExpunge(Which),
    Search(Way, Key),
    Select(u8),
    Examine(u8),
    Close,
    Unselect,
    Rename(u8),
    Delete(u8),
    Create,
    /// CHANGEDSINCE, from what was remembered.
    CatchUp,
    /// What the session does not know yet.
    Learn,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Commands of a session in one packet.
    Say(u8, Vec<Op>),
    Deliver,
    /// A letter comes while a session is idle.
    DeliverIdle(u8),
    /// The connection breaks, and the session comes back to a folder.
    ComeBack(u8, u8),
}

const MARKS: [&str; 5] = ["\\Deleted", "\\Seen", "\\Flagged", "\\Answered", "$Travail"];

pub(super) fn mark(pick: u8) -> &'static str {
    MARKS[usize::from(pick) % MARKS.len()]
}

pub(super) fn marks(bits: u8) -> Marks {
    let chosen = MARKS.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
    chosen.map(|(_, mark)| (*mark).to_owned()).collect()
}

fn which(way: Way) -> impl Strategy<Value = Which> {
    let span = prop_oneof![4 => (0u8..4).prop_map(Span::More), 1 => Just(Span::ToStar)];
    (any::<u8>(), span).prop_map(move |(from, span)| Which { way, from, span })
}

fn any_which() -> impl Strategy<Value = Which> {
    prop_oneof![which(Way::Number), which(Way::Uid)]
}

fn op() -> impl Strategy<Value = Op> {
    let folder = 0u8..4;
    let what = prop_oneof![Just(What::Flags), Just(What::Envelope), Just(What::Text)];
    let how = prop_oneof![3 => Just(How::Add), 2 => Just(How::Remove), 1 => Just(How::Replace)];
    let echo = prop_oneof![Just(Echo::Told), Just(Echo::Silent)];
    let guard = prop_oneof![2 => Just(Guard::None), 1 => Just(Guard::Folder), 1 => Just(Guard::First)];
    // `\Deleted` is the most telling.
    let bits = prop_oneof![1 => Just(1u8), 1 => 0u8..32];
    let way = prop_oneof![Just(Way::Number), Just(Way::Uid)];
    let key = prop_oneof![Just(Key::All), any::<u8>().prop_map(Key::Is), any::<u8>().prop_map(Key::IsNot)];
    prop_oneof![
        2 => Just(Op::Noop),
        1 => Just(Op::Idle),
        4 => (any_which(), what).prop_map(|(which, what)| Op::Fetch(which, what)),
        7 => (any_which(), how, bits, echo, guard).prop_map(|(a, b, c, d, e)| Op::Store(a, b, c, d, e)),
        2 => (any_which(), folder.clone()).prop_map(|(which, to)| Op::Copy(which, to)),
        2 => (any_which(), folder.clone()).prop_map(|(which, to)| Op::Move(which, to)),
        2 => (folder.clone(), 0u8..32, 1u8..3).prop_map(|(to, marks, many)| Op::Append(to, marks, many)),
        1 => (any_which(), folder.clone()).prop_map(|(which, to)| Op::Replace(which, to)),
        2 => Just(Op::Expunge),
        2 => which(Way::Uid).prop_map(Op::UidExpunge),
        2 => (way, key).prop_map(|(way, key)| Op::Search(way, key)),
        2 => folder.clone().prop_map(Op::Select),
        1 => folder.prop_map(Op::Examine),
        1 => Just(Op::Close),
        1 => Just(Op::Unselect),
    ]
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let who = 0u8..4;
    let one = (who.clone(), op()).prop_map(|(who, op)| Step::Say(who, vec![op]));
    let batch = (who.clone(), prop::collection::vec(op(), 2..6)).prop_map(|(who, ops)| Step::Say(who, ops));
    let rename = (who.clone(), any::<u8>()).prop_map(|(who, at)| Step::Say(who, vec![Op::Rename(at)]));
    let anew = (who.clone(), any::<u8>());
    let anew = anew.prop_map(|(who, at)| Step::Say(who, vec![Op::Delete(at), Op::Create]));
    prop_oneof![
        20 => one,
        5 => batch,
        4 => Just(Step::Deliver),
        1 => who.clone().prop_map(Step::DeliverIdle),
        2 => (who, 0u8..4).prop_map(|(who, at)| Step::ComeBack(who, at)),
        1 => rename,
        1 => anew,
    ]
}
