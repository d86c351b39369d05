//! Letters of the transcripts of SORT and THREAD.

fn lines(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

/// Four letters that every key of SORT puts in another order.
pub fn sortable() -> Vec<Vec<u8>> {
    [
        "From: =?utf-8?Q?Chlo=C3=A9?= <Bernard@x.example>\nTo: Eric <d@x.example>\nSubject: Zeste\n\
         Date: Fri, 2 Jan 2026 05:00:00 +0000\n\n",
        "From: Alice <martin@x.example>\nTo: a@x.example\nCc: Zoe@x.example\nSubject: Re: [info] Analyse\n\n",
        "From: bernard@x.example\nTo: Bob <b@x.example>\nSubject: RE: zeste (fwd)\n\
         Date: Fri, 2 Jan 2026 08:00:00 +0900\n\n",
        "From: Denis <albert@x.example>\nTo: c@x.example\nCc: bob@x.example, zoe@x.example\nSubject: analyse\n\
         Date: Fri, 2 Jan 2026 10:00:00 +0100\n\n",
    ]
    .into_iter()
    .zip([400, 300, 0, 200])
    .map(|(head, pad)| lines(&format!("{head}{}\n", "x".repeat(pad))))
    .collect()
}

/// Nine letters: a conversation, an answer known by its subject alone, two answers to a letter that is
/// not there, and one that answers nothing.
pub fn threaded() -> Vec<Vec<u8>> {
    [
        "Message-ID: <a@x>\nSubject: Bilan\n",
        "Message-ID: <b@x>\nReferences: <a@x>\nSubject: Re: Bilan\n",
        "Message-ID: <c@x>\nReferences: <a@x>\n\t<\"b\"@x>\nSubject: RE: [x] bilan\n",
        "Message-ID: <d@x>\nIn-Reply-To: <b@x>\nSubject: Re: Bilan\n",
        "Message-ID: <e@x>\nSubject: Ordonnance\n",
        "Subject: Fwd: ordonnance\n",
        "References: <gone@x>\nSubject: Un\n",
        "References: <gone@x>\nSubject: Deux\n",
        "In-Reply-To: your letter of Monday\n",
    ]
    .into_iter()
    .enumerate()
    .map(|(at, head)| lines(&format!("{head}Date: Fri, {} Jan 2026 10:00:00 +0100\n\nx\n", at + 1)))
    .collect()
}
