use super::*;
use proptest::prelude::*;

fn letter(subject: &str, parts: Vec<PartFacts>) -> LetterContent {
    LetterContent {
        subject: Redacted(subject.to_owned()),
        document_codes: Vec::new(),
        received_at: Timestamp(1_795_318_467_000), // 2026-11-22
        parts,
    }
}

/// A file of ordinary size attached to a `multipart/mixed`.
fn attached(filename: &str, declared: &str, sniffed: MediaKind) -> PartFacts {
    PartFacts {
        declared: declared.to_owned(),
        sniffed,
        disposition: Disposition::Attachment,
        filename: Redacted(Some(filename.to_owned())),
        reference: Reference::Nameless,
        inside: vec![Multipart::Mixed],
        layer: Layer::Letter,
        size: 40_000,
        pixels: None,
    }
}

fn pdf(filename: &str) -> PartFacts {
    attached(filename, "application/pdf", MediaKind::Pdf)
}

fn png(filename: &str) -> PartFacts {
    attached(filename, "image/png", MediaKind::Png)
}

fn text_body() -> PartFacts {
    PartFacts {
        disposition: Disposition::Unsaid,
        filename: Redacted(None),
        ..attached("", "text/plain", MediaKind::Text)
    }
}

fn decided(part: PartFacts) -> PartDecision {
    file(&letter("Vos résultats", vec![part])).remove(0)
}

fn filed(subject: &str, part: PartFacts) -> Entry {
    match file(&letter(subject, vec![part])).remove(0) {
        PartDecision::FileAs(entry) | PartDecision::Xdm(entry) => entry,
        PartDecision::Leave(reason) => panic!("left for {reason:?}"),
    }
}

#[test]
fn real_attachments_of_the_accepted_types_are_filed() {
    for (case, part, want) in [
        ("pdf", pdf("cr.pdf"), MediaKind::Pdf),
        ("pdf as octets", attached("cr.pdf", "application/octet-stream", MediaKind::Pdf), MediaKind::Pdf),
        (
            "Apple Mail shows it inline",
            PartFacts { disposition: Disposition::Inline, ..pdf("cr.pdf") },
            MediaKind::Pdf,
        ),
        ("no name at all", PartFacts { filename: Redacted(None), ..pdf("") }, MediaKind::Pdf),
        (
            "mixed inside alternative, as Apple Mail",
            PartFacts { inside: vec![Multipart::Alternative, Multipart::Mixed], ..pdf("cr.pdf") },
            MediaKind::Pdf,
        ),
        (
            "Exchange puts everything in related",
            PartFacts { inside: vec![Multipart::Related], reference: Reference::Unused, ..pdf("cr.pdf") },
            MediaKind::Pdf,
        ),
        (
            "signed letter",
            PartFacts { inside: vec![Multipart::Signed, Multipart::Mixed], ..pdf("cr.pdf") },
            MediaKind::Pdf,
        ),
        ("photo", attached("IMG_2041.JPG", "image/jpeg", MediaKind::Jpeg), MediaKind::Jpeg),
        (
            "photo shown between texts, no html",
            PartFacts {
                disposition: Disposition::Inline,
                reference: Reference::Unused,
                ..attached("IMG_2041.jpeg", "image/jpeg", MediaKind::Jpeg)
            },
            MediaKind::Jpeg,
        ),
        ("jpeg called png", png("scan.png"), MediaKind::Png),
        ("wrong label among images", attached("a.png", "image/png", MediaKind::Jpeg), MediaKind::Jpeg),
        ("fax", attached("fax.tif", "image/tiff", MediaKind::Tiff), MediaKind::Tiff),
        ("text file", attached("cr.txt", "text/plain", MediaKind::Text), MediaKind::Text),
        (
            "a PDF called XDM is a PDF",
            attached("IHE_XDM.zip", "application/zip", MediaKind::Pdf),
            MediaKind::Pdf,
        ),
        (
            "attached text called message",
            attached("message.txt", "text/plain", MediaKind::Text),
            MediaKind::Text,
        ),
        (
            "text file shown inline",
            PartFacts {
                disposition: Disposition::Inline,
                ..attached("cr.txt", "text/plain", MediaKind::Text)
            },
            MediaKind::Text,
        ),
        ("text as octets", attached("cr.txt", "application/octet-stream", MediaKind::Text), MediaKind::Text),
        ("rtf", attached("cr.rtf", "application/msword", MediaKind::Rtf), MediaKind::Rtf),
        ("exactly 5 MB", PartFacts { size: 5_000_000, ..pdf("cr.pdf") }, MediaKind::Pdf),
        (
            "scanner that counts like Outlook",
            attached("image001.jpg", "image/jpeg", MediaKind::Jpeg),
            MediaKind::Jpeg,
        ),
    ] {
        match decided(part) {
            PartDecision::FileAs(entry) => assert_eq!(entry.media, want, "{case}"),
            other => panic!("{case}: {other:?}"),
        }
    }
}

#[test]
fn what_dresses_the_letter_or_cannot_be_kept_stays_in_it() {
    let octets = "application/octet-stream";
    for (case, part, want) in [
        ("plain body", text_body(), Reason::Body),
        (
            "html body",
            PartFacts { declared: "text/html".into(), sniffed: MediaKind::Html, ..text_body() },
            Reason::Body,
        ),
        ("Exchange's text", attached("ATT00001.txt", "text/plain", MediaKind::Text), Reason::Body),
        (
            "a gateway names the body",
            PartFacts {
                disposition: Disposition::Inline,
                ..attached("corps.txt", "text/plain", MediaKind::Text)
            },
            Reason::Body,
        ),
        ("footer", attached("disclaimer.txt", "text/plain", MediaKind::Text), Reason::Body),
        ("shown by cid", PartFacts { reference: Reference::Shown, ..png("photo.png") }, Reason::InlineImage),
        (
            "in related",
            PartFacts {
                inside: vec![Multipart::Mixed, Multipart::Related],
                disposition: Disposition::Inline,
                reference: Reference::Unused,
                ..png("x.png")
            },
            Reason::InlineImage,
        ),
        (
            "Outlook's name and id",
            PartFacts { reference: Reference::Unused, ..png("image001.png") },
            Reason::Logo,
        ),
        ("logo", png("Logo_CHU.png"), Reason::Logo),
        ("signature picture", png("signature.png"), Reason::Logo),
        ("spy pixel", PartFacts { size: 43, ..png("p.png") }, Reason::Logo),
        ("a line", PartFacts { pixels: Some((600, 3)), ..png("ligne.png") }, Reason::Logo),
        (
            "S/MIME signature",
            attached("smime.p7s", "application/pkcs7-signature", MediaKind::Unknown),
            Reason::Signature,
        ),
        ("… as octets", attached("smime.p7s", octets, MediaKind::Unknown), Reason::Signature),
        ("PGP", attached("signature.asc", "application/pgp-signature", MediaKind::Text), Reason::Signature),
        ("invitation", attached("rdv.ics", "text/calendar", MediaKind::Text), Reason::Calendar),
        ("… as octets", attached("invite.ics", octets, MediaKind::Text), Reason::Calendar),
        ("card", attached("dr.vcf", "text/x-vcard", MediaKind::Text), Reason::Card),
        ("tnef", attached("winmail.dat", "application/ms-tnef", MediaKind::Unknown), Reason::Tnef),
        ("… as octets", attached("WINMAIL.DAT", octets, MediaKind::Unknown), Reason::Tnef),
        ("forwarded letter", attached("re.eml", "message/rfc822", MediaKind::Text), Reason::Forwarded),
        (
            "pdf in a forwarded letter",
            PartFacts { layer: Layer::Forwarded, ..pdf("cr.pdf") },
            Reason::Forwarded,
        ),
        (
            "report",
            PartFacts { inside: vec![Multipart::Report], ..attached("a.txt", "text/plain", MediaKind::Text) },
            Reason::Report,
        ),
        ("delivery status", attached("d", "message/delivery-status", MediaKind::Text), Reason::Report),
        ("gif", attached("anim.gif", "image/gif", MediaKind::Gif), Reason::Type),
        ("word", attached("cr.doc", "application/msword", MediaKind::Ole), Reason::Type),
        ("zip", attached("dossier.zip", "application/zip", MediaKind::Zip), Reason::Type),
        ("html file", attached("cr.html", "text/html", MediaKind::Html), Reason::Type),
        ("csv", attached("cr.csv", "text/csv", MediaKind::Text), Reason::Type),
        ("html called pdf", attached("cr.pdf", "application/pdf", MediaKind::Html), Reason::FalseType),
        ("html called text", attached("cr.txt", "text/plain", MediaKind::Html), Reason::FalseType),
        ("zip called pdf", attached("cr.pdf", "application/pdf", MediaKind::Zip), Reason::FalseType),
        ("svg called png", attached("a.png", "image/png", MediaKind::Xml), Reason::FalseType),
        ("text called pdf", attached("cr.pdf", "application/pdf", MediaKind::Text), Reason::FalseType),
        ("empty", PartFacts { size: 0, sniffed: MediaKind::Empty, ..pdf("cr.pdf") }, Reason::Empty),
        ("too large", PartFacts { size: 5_000_001, ..pdf("cr.pdf") }, Reason::TooLarge),
    ] {
        assert_eq!(decided(part), PartDecision::Leave(want), "{case}");
    }
}

#[test]
fn an_xdm_archive_is_known_by_its_name_in_any_case() {
    for name in ["IHE_XDM.zip", "ihe_xdm.ZIP", "IHE_XDM (1).zip", "C:\\envoi\\Ihe_Xdm.Zip"] {
        let part = attached(name, "application/octet-stream", MediaKind::Zip);
        assert!(matches!(decided(part), PartDecision::Xdm(_)), "{name}");
    }
    let other = attached("XDM.zip", "application/zip", MediaKind::Zip);
    assert_eq!(decided(other), PartDecision::Leave(Reason::Type));
    let entry = filed(
        "XDM/1.0/DDM+ECHOGRAPHIE ABDOMINOPELVIENNE CORSE FIGATELLIX 12/10/1988",
        attached("IHE_XDM.zip", "application/zip", MediaKind::Zip),
    );
    assert_eq!(entry.category, Category::Imaging);
    assert_eq!(entry.title.0, "ECHOGRAPHIE ABDOMINOPELVIENNE CORSE FIGATELLIX 12…");
}

#[test]
fn titles_and_days_come_from_the_name_then_from_the_subject() {
    for (filename, subject, title, day) in [
        (
            "20220531_CR_d_imagerie_medicale_CORSE_FIGATELLIX.pdf",
            "",
            "CR d imagerie medicale CORSE FIGATELLIX",
            Some("2022-05-31"),
        ),
        ("Ordonnance du 3 mai.pdf", "x", "Ordonnance du 3 mai", None),
        ("2026-11-20 bilan.pdf", "x", "bilan", Some("2026-11-20")),
        ("20261224_convocation.pdf", "x", "20261224 convocation", None),
        ("scan0001.pdf", "Re: TR : Compte rendu", "Compte rendu", None),
        ("20261120.pdf", "Votre consultation", "Votre consultation", Some("2026-11-20")),
        ("IMG_2041.pdf", "[KO Intégration système !][902] XDM/1.0/DDM+Bilan", "Bilan", None),
        ("document.pdf", "[INVISIBLE_PATIENT] Résultats", "Résultats", None),
        ("document.pdf", "[FIN]", "Autres documents", None),
        ("", "", "Autres documents", None),
        ("..\\..\\etc/ordonnance.pdf", "", "ordonnance", None),
        ("cr\u{202e}fdp.exe.pdf", "", "crfdp.exe", None),
        ("a\r\nb.pdf", "", "ab", None),
        ("___.pdf", "Bonjour", "Bonjour", None),
    ] {
        let entry = filed(subject, pdf(filename));
        assert_eq!(entry.title.0, title, "{filename:?}");
        assert_eq!(entry.acted_on.map(|day| day.to_string()).as_deref(), day, "{filename:?}");
    }
}

#[test]
fn the_name_weighs_more_than_the_code_and_the_code_more_than_the_subject() {
    let mut mail = letter("Facture", vec![pdf("ordonnance.pdf"), pdf("x12.pdf")]);
    mail.document_codes = vec!["unknown".into(), " 11502-2".into()];
    let categories: Vec<_> = file(&mail)
        .into_iter()
        .map(|decision| match decision {
            PartDecision::FileAs(entry) => entry.category,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(categories, [Category::Prescription, Category::Biology]);
    assert_eq!(filed("Facture", pdf("x12.pdf")).category, Category::Administrative);
}

#[test]
fn an_archive_is_filed_as_its_own_metadata_describes_it() {
    let archive = attached("IHE_XDM.zip", "application/zip", MediaKind::Zip);
    let mail = letter("XDM/1.0/DDM+", vec![archive]);
    let [PartDecision::Xdm(entry)] = &file(&mail)[..] else { panic!("{:?}", file(&mail)) };
    for (case, title, type_code, class_code, day, want) in [
        ("nothing said", None, None, None, None, (entry.title.0.as_str(), entry.category, None)),
        (
            "all said",
            Some("Bilan\u{202e}_sanguin "),
            Some("11502-2"),
            Some("31"),
            Some(18),
            ("Bilan sanguin", Category::Biology, Some(18)),
        ),
        (
            "a class only",
            Some("IRM du genou"),
            Some("x"),
            Some("31"),
            None,
            ("IRM du genou", Category::Imaging, None),
        ),
        (
            "empty words",
            Some("Document 1"),
            None,
            Some("x"),
            Some(30),
            (entry.title.0.as_str(), entry.category, None),
        ),
    ] {
        let by = Described {
            title: Redacted(title.map(str::to_owned)),
            type_code: type_code.map(str::to_owned),
            class_code: class_code.map(str::to_owned),
            acted_on: day.and_then(|day| ActDate::new(2026, 11, day)),
        };
        let described = entry.clone().described(&by, mail.received_at);
        let day = described.acted_on.map(|day| day.day);
        assert_eq!((described.title.0.as_str(), described.category, day), want, "{case}");
    }
}

#[test]
fn an_archive_too_large_damaged_or_forwarded_still_claims_to_be_one() {
    let archive = attached("ihe_xdm (2).ZIP", "application/octet-stream", MediaKind::Zip);
    for (claims, part) in [
        (true, archive.clone()),
        (true, PartFacts { size: 20_000_000, ..archive.clone() }),
        (true, PartFacts { layer: Layer::Forwarded, ..archive.clone() }),
        (true, PartFacts { sniffed: MediaKind::Unknown, size: 0, ..archive }),
        (false, attached("radio.zip", "application/zip", MediaKind::Zip)),
        (false, pdf("IHE_XDM.pdf")),
    ] {
        assert_eq!(claims_xdm(&part), claims, "{part:?}");
    }
}

#[test]
fn a_click_may_file_what_is_shown_in_the_letter_but_not_what_is_no_document() {
    let shown = PartFacts { reference: Reference::Shown, ..png("plaie.png") };
    assert_eq!(accepted(&shown), Ok(MediaKind::Png));
    assert_eq!(accepted(&PartFacts { layer: Layer::Forwarded, ..pdf("cr.pdf") }), Ok(MediaKind::Pdf));
    assert_eq!(accepted(&attached("cr.docx", "application/x", MediaKind::Zip)), Err(Reason::Type));
}

proptest! {
    #[test]
    fn any_name_and_subject_give_a_short_clean_title(name in "\\PC{0,80}|[_ .0-9]{0,20}", subject in "\\PC{0,120}") {
        let entry = filed(&subject, pdf(&name));
        let title = entry.title.0;
        prop_assert!(!title.is_empty() && title.chars().count() <= 50, "{}", title);
        let hidden = title.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
        prop_assert!(!hidden);
        prop_assert_eq!(title.trim(), &title);
    }

    #[test]
    fn only_the_accepted_kinds_are_ever_filed(
        declared in "(text|image|application|message)/(plain|html|pdf|png|octet-stream|rfc822)",
        octets in proptest::collection::vec(any::<u8>(), 0..40),
        name in "[a-z_]{0,8}\\.(pdf|txt|zip|exe|png)",
        size in 0..6_000_000_u64,
    ) {
        let part = PartFacts { size, ..attached(&name, &declared, sniff(&octets)) };
        match decided(part) {
            PartDecision::FileAs(entry) => prop_assert!(matches!(
                entry.media,
                MediaKind::Pdf | MediaKind::Png | MediaKind::Jpeg | MediaKind::Tiff | MediaKind::Text | MediaKind::Rtf
            )),
            PartDecision::Xdm(entry) => prop_assert_eq!(entry.media, MediaKind::Zip),
            PartDecision::Leave(_) => {}
        }
    }
}
