//! One entry out of what this house and the national extracts say of the same holder, as somebody may see it.

use std::collections::HashMap;

use names::Address;

use crate::{Listing, ListingId, Mailbox, Organisation, Professional, Sight};

/// Addresses that are this house's, with the entry that holds or held them.
pub(crate) type Ours = HashMap<Address, ListingId>;

/// What the extracts say, without the addresses that are ours.
pub(crate) fn without_ours(mut national: Listing, ours: &Ours) -> Listing {
    keep(&mut national, |mailbox| !ours.contains_key(&mailbox.address));
    national
}

/// Our own entry, with what only the extracts know of the same holder. `national` has no address of ours.
pub(crate) fn merged(local: Listing, national: Option<Listing>) -> Listing {
    match (local, national) {
        (Listing::Professional(local), Some(Listing::Professional(national))) => {
            Listing::Professional(Box::new(professional(*local, *national)))
        }
        (Listing::Organisation(local), Some(Listing::Organisation(national))) => {
            Listing::Organisation(Box::new(organisation(*local, *national)))
        }
        (local, _) => local,
    }
}

fn professional(mut local: Professional, national: Professional) -> Professional {
    fill(&mut local.civility, national.civility);
    fill(&mut local.given_name, national.given_name);
    fill(&mut local.family_name, national.family_name);
    local.profession = local.profession.or(national.profession);
    local.category = local.category.or(national.category);
    if local.know_how.is_empty() {
        local.know_how = national.know_how;
    }
    for situation in national.situations {
        let same = |ours: &&mut crate::Situation| {
            ours.id == situation.id
                || (ours.organisation.is_some() && ours.organisation == situation.organisation)
        };
        match local.situations.iter_mut().find(same) {
            Some(ours) => ours.mailboxes.extend(situation.mailboxes),
            None => local.situations.push(situation),
        }
    }
    local.mailboxes.extend(national.mailboxes);
    local.updated = local.updated.max(national.updated);
    local
}

fn organisation(mut local: Organisation, national: Organisation) -> Organisation {
    fill(&mut local.name, national.name);
    fill(&mut local.trade_name, national.trade_name);
    local.finess = local.finess.or(national.finess);
    local.finess_legal = local.finess_legal.or(national.finess_legal);
    local.siret = local.siret.or(national.siret);
    local.siren = local.siren.or(national.siren);
    local.sector = local.sector.or(national.sector);
    local.phone = local.phone.or(national.phone);
    if local.place == crate::Place::default() {
        local.place = national.place;
    }
    local.mailboxes.extend(national.mailboxes);
    local.updated = local.updated.max(national.updated);
    local
}

fn fill(ours: &mut String, theirs: String) {
    if ours.is_empty() {
        *ours = theirs;
    }
}

/// The entry as `sight` shows it: the red list, what is suspended and who answers for a mailbox are for
/// administrators only.
pub(crate) fn seen(mut listing: Listing, sight: Sight) -> Listing {
    match sight {
        Sight::Administrator => {}
        Sight::Public => {
            keep(&mut listing, Mailbox::is_shown);
            unanswered(&mut listing);
        }
    }
    listing
}

/// The entry as everybody sees it, for who knows one of its addresses: that one is there even when it is
/// suspended, as who writes to it is told too.
pub(crate) fn seen_by_address(mut listing: Listing, address: &Address) -> Listing {
    keep(&mut listing, |mailbox| mailbox.is_shown() || (!mailbox.red_list && mailbox.address == *address));
    unanswered(&mut listing);
    listing
}

fn unanswered(listing: &mut Listing) {
    each_mailbox(listing, |mailbox| mailbox.responsible = None);
}

/// Changes every mailbox of an entry.
pub(crate) fn each_mailbox(listing: &mut Listing, mut change: impl FnMut(&mut Mailbox)) {
    each_list(listing, |mailboxes| mailboxes.iter_mut().for_each(&mut change));
}

fn keep(listing: &mut Listing, mut keep: impl FnMut(&Mailbox) -> bool) {
    each_list(listing, |mailboxes| mailboxes.retain(&mut keep));
}

fn each_list(listing: &mut Listing, mut change: impl FnMut(&mut Vec<Mailbox>)) {
    match listing {
        Listing::Professional(professional) => {
            change(&mut professional.mailboxes);
            professional.situations.iter_mut().for_each(|situation| change(&mut situation.mailboxes));
        }
        Listing::Organisation(organisation) => change(&mut organisation.mailboxes),
    }
}
