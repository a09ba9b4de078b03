//! Mails: what they say in both languages, and that the same mail sent twice is one mail.

pub(crate) mod smtp;

use std::sync::Arc;

use vestibule::domain::email::Email;
use vestibule::mail::mailbox::Mailbox;
use vestibule::mail::transport::Transport;
use vestibule::mail::{Envelope, Mailer, account, billing, dunning, plan, refund};
use vestibule::themes::{Frame, Locale, Mail, MailParts, Themes};

fn themes() -> Arc<Themes> {
    Arc::new(Themes::load(&crate::themes::root()).expect("themes load"))
}

fn email(text: &str) -> Email {
    text.parse().expect("an address")
}

fn rendered<M: Mail>(mail: &M, language: &str) -> MailParts {
    let frame = Frame {
        test: false,
        ..Frame::sample(Locale::of(language))
    };
    themes()
        .render_mail("default", &frame, mail)
        .expect("renders")
}

#[test]
fn a_failed_payment_says_what_happened_and_what_it_means() {
    let mails = billing::PaymentFailed::samples();
    let text = rendered(&mails[0], "en-GB").text;
    assert!(
        text.contains("We tried to charge US$29.00 for Pro on 1 November 2026"),
        "{text}"
    );
    assert!(
        text.contains("Pro is on hold until the amount is paid."),
        "{text}"
    );
    let text = rendered(&mails[1], "es").text;
    assert!(
        text.contains("Conservas el acceso hasta el 4 de diciembre de 2026."),
        "{text}"
    );
    let subject = rendered(&mails[2], "en").subject;
    assert_eq!(subject, "Please confirm your payment for Pro");
    let text = rendered(mails.last().unwrap(), "es").text;
    assert!(
        text.contains("Pro ha terminado y este importe sigue pendiente."),
        "{text}"
    );
}

#[test]
fn a_payment_that_was_taken_back_says_what_it_means() {
    let mails = refund::PaymentReversed::samples();
    let says = ["queda suspendida", "sigue en pausa", "ha terminado"];
    for (mail, part) in mails.iter().zip(says) {
        let text = rendered(mail, "es").text;
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// Every sample of a mail, where customers may not pay by themselves.
fn where_nobody_may_pay<M: Mail>(language: &str) -> Vec<MailParts> {
    let frame = Frame {
        can_pay: false,
        ..Frame::sample(Locale::of(language))
    };
    let themes = themes();
    let parts = |mail: &M| themes.render_mail("default", &frame, mail);
    let samples = M::samples();
    let samples = samples.iter().map(|mail| parts(mail).expect("renders"));
    samples.collect()
}

#[test]
fn where_customers_may_not_pay_mails_offer_nothing_and_say_to_whom_to_write() {
    let mails = [
        (where_nobody_may_pay::<billing::PaymentFailed>("en"), 5),
        (where_nobody_may_pay::<dunning::PaymentDue>("en"), 4),
        (where_nobody_may_pay::<refund::PaymentReversed>("en"), 2),
        (where_nobody_may_pay::<plan::SubscriptionResumed>("en"), 1),
    ];
    let support = "To pay, write to help@northwind.example.com.";
    for (mails, owing) in &mails {
        let told = mails
            .iter()
            .filter(|mail| mail.text.contains(support) && mail.html.contains(support));
        assert_eq!(told.count(), *owing, "{mails:#?}");
        for mail in mails {
            let all = [&mail.subject, &mail.text, &mail.html].map(String::as_str);
            let all = all.concat();
            for offer in ["ay now", "another method", "you choose", "lease confirm"] {
                assert!(!all.contains(offer), "{offer}: {all}");
            }
        }
    }
    for mail in where_nobody_may_pay::<dunning::PaymentDue>("es") {
        let support = "Para pagar, escribe a help@northwind.example.com.";
        assert!(mail.text.contains(support), "{}", mail.text);
    }
}

#[test]
fn subjects_are_one_line_and_say_test_in_test_mode() {
    let mail = account::Login::samples().remove(0);
    assert_eq!(
        rendered(&mail, "en").subject,
        "4821 7390 is your code for Northwind Software"
    );
    let test = Frame::sample(Locale::of("es"));
    let parts = themes()
        .render_mail("default", &test, &mail)
        .expect("renders");
    assert_eq!(
        parts.subject,
        "[Modo de prueba] 4821 7390 es tu código para Northwind Software"
    );
    assert!(parts.text.starts_with("[Modo de prueba"), "{}", parts.text);
}

#[test]
fn nothing_in_a_mail_is_fetched_from_elsewhere() {
    let html = rendered(&billing::PaymentReceived::samples()[0], "en").html;
    for fetched in ["<img", "<script", "<link", "url("] {
        assert!(!html.contains(fetched), "{fetched} in {html}");
    }
}

#[tokio::test]
async fn the_same_mail_sent_twice_is_one_file_in_the_mailbox() {
    let folder = tempfile::tempdir().expect("a folder");
    let transport = Transport::Mailbox(folder.path().to_owned());
    let mailer = Mailer::new(themes(), transport, email("portal@example.com"));
    let envelope = Envelope {
        from_name: "山田 & Söhne".to_owned(),
        to: email("amelie@example.com"),
        reply_to: Some(email("help@example.com")),
        message_id: "mai_01k0sample".to_owned(),
    };
    let mail = account::Login::samples().remove(0);
    let frame = Frame::sample(Locale::of("en"));
    for _ in 0..2 {
        mailer
            .send("default", &frame, &envelope, &mail)
            .await
            .expect("sent");
    }
    let mailbox = Mailbox::new(folder.path().to_owned());
    let kept = mailbox.newest().expect("a list");
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].from, "山田 & Söhne <portal@example.com>");
    assert_eq!(kept[0].to, "amelie@example.com");
    assert!(kept[0].text.contains("    4821 7390"), "{}", kept[0].text);
    assert!(kept[0].html.contains("Northwind Software"));
    assert_eq!(
        mailbox.mail("mai_01k0sample").expect("kept").subject,
        kept[0].subject
    );
    for elsewhere in [
        "",
        "..",
        "../mai_01k0sample",
        "mai_01k0sample.eml",
        "no-such",
    ] {
        assert!(mailbox.mail(elsewhere).is_none(), "{elsewhere}");
    }
    let files: Vec<_> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .flatten()
        .collect();
    assert_eq!(files.len(), 1);
    let message = std::fs::read_to_string(files[0].path()).expect("a mail");
    for header in [
        "Message-ID: <mai_01k0sample@example.com>",
        "To: amelie@example.com",
        "Reply-To: help@example.com",
        "Auto-Submitted: auto-generated",
        "X-Vestibule-Mode: test",
    ] {
        assert!(message.contains(header), "no `{header}` in:\n{message}");
    }
}

#[tokio::test]
async fn a_name_cannot_add_headers() {
    let folder = tempfile::tempdir().expect("a folder");
    let transport = Transport::Mailbox(folder.path().to_owned());
    let mailer = Mailer::new(themes(), transport, email("portal@example.com"));
    let envelope = Envelope {
        from_name: "Shop\r\nBcc: everybody@example.com".to_owned(),
        to: email("amelie@example.com"),
        reply_to: None,
        message_id: "mai_01k0sample".to_owned(),
    };
    let mail = account::Invitation::samples().remove(0);
    let frame = Frame::sample(Locale::of("en"));
    mailer
        .send("default", &frame, &envelope, &mail)
        .await
        .expect("sent");
    let message =
        std::fs::read_to_string(folder.path().join("mai_01k0sample.eml")).expect("a mail");
    assert!(
        !message.lines().any(|line| line.starts_with("Bcc")),
        "{message}"
    );
}
