//! `Reply-To`: an address the letter may send answers to (DESIGN §2.4).

use crate::{Party, Refusal, Snapshot};

/// Whether every `Reply-To` address may stand there.
///
/// Answers must stay inside the trust list. A patient's address may stand there only when a patient
/// names themselves, or between two professionals: in a letter to a patient it would open a contact
/// between two patients.
pub fn reply_to_may_stand(snapshot: &Snapshot) -> Result<(), Refusal> {
    snapshot.reply_to.iter().try_for_each(|party| match party {
        Party::Professional(_) => Ok(()),
        Party::OutsideTrust | Party::Nobody => Err(Refusal::ReplyToOutsideTrust),
        Party::UnknownMailbox | Party::UnknownPatient | Party::InvalidPatientAddress => {
            Err(Refusal::ReplyToUnknown)
        }
        Party::Patient(named) => {
            let own = matches!(&snapshot.sender, Party::Patient(sender) if sender.address == named.address);
            let among_professionals = matches!(
                (&snapshot.sender, &snapshot.recipient),
                (Party::Professional(_), Party::Professional(_))
            );
            if own || among_professionals { Ok(()) } else { Err(Refusal::ReplyToPatient) }
        }
    })
}
