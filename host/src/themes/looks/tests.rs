//! How long a look is kept, who waits for it, and who gives way to whom.

use super::shelves::{LEAST, MOST, MOST_IN_ALL};
use super::*;
use crate::domain::branding::Surface;
use crate::domain::{Mode, Scope};
use crate::themes::look::Shown;
use tokio::sync::oneshot;

fn scope(business: &str) -> Scope {
    Scope::new(business.parse().expect("an id"), Mode::Test)
}

fn key(date: &str) -> LookKey {
    key_of("bus_1", date)
}

fn key_of(business: &str, date: &str) -> LookKey {
    LookKey {
        context: BrandContext {
            scope: scope(business),
            segment: None,
            locale: "en".to_owned(),
            date: date.to_owned(),
            surface: Surface::Portal,
        },
        theme: "default".to_owned(),
        digest: [0; 32],
        plugin: "abc".to_owned(),
        configuration: 1,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

const TERMS: Terms = Terms {
    least: Duration::from_secs(10),
    most: Duration::from_secs(100),
    wait: Some(Duration::from_hours(1)),
};

fn named(name: &str) -> Look {
    Look {
        logo: Some(name.to_owned()),
        ..Look::default()
    }
}

/// What is shown at `second` when the plugin would say `name`, and whether it was asked.
async fn shown(looks: &Arc<Looks>, key: LookKey, second: i64, name: &str) -> (String, bool) {
    shown_on(TERMS, looks, key, second, name).await
}

async fn shown_on(
    terms: Terms,
    looks: &Arc<Looks>,
    key: LookKey,
    second: i64,
    name: &str,
) -> (String, bool) {
    let (asked, was_asked) = oneshot::channel();
    let name = name.to_owned();
    let make = |making: Making| async move {
        let _ = asked.send(());
        making.end(Some(named(&name)), Duration::from_secs(50));
    };
    let look = looks.get(key, at(second), terms, make).await;
    let logo = look.and_then(|look| look.logo.clone()).unwrap_or_default();
    (logo, was_asked.await.is_ok())
}

#[tokio::test]
async fn a_look_is_kept_and_the_old_one_is_shown_while_a_new_one_is_made() {
    let looks = Arc::new(Looks::default());
    assert_eq!(
        shown(&looks, key("a"), 0, "one").await,
        ("one".into(), true)
    );
    assert_eq!(
        shown(&looks, key("a"), 49, "two").await,
        ("one".into(), false)
    );
    // Past its time: nobody waits, the next one has the new.
    assert_eq!(
        shown(&looks, key("a"), 50, "two").await,
        ("one".into(), true)
    );
    assert_eq!(
        shown(&looks, key("a"), 51, "no").await,
        ("two".into(), false)
    );
    // Much past its time the old one is as good as none.
    assert_eq!(
        shown(&looks, key("a"), 50 + 50 + 100, "three").await,
        ("three".into(), true)
    );
}

#[tokio::test]
async fn a_look_of_another_day_plugin_or_configuration_is_shown_to_nobody() {
    let today = key("24 December");
    let others = [
        key("25 December"),
        LookKey {
            plugin: "def".to_owned(),
            ..today.clone()
        },
        LookKey {
            configuration: 2,
            ..today.clone()
        },
    ];
    for other in others {
        let looks = Arc::new(Looks::default());
        shown(&looks, today.clone(), 0, "winter").await;
        assert_eq!(
            shown(&looks, other, 1, "plain").await,
            ("plain".into(), true)
        );
    }
}

#[tokio::test]
async fn a_mail_carries_no_old_look() {
    let mail = Terms {
        wait: None,
        ..TERMS
    };
    let looks = Arc::new(Looks::default());
    assert_eq!(
        shown_on(mail, &looks, key("a"), 0, "sale").await,
        ("sale".into(), true)
    );
    assert_eq!(
        shown_on(mail, &looks, key("a"), 49, "no").await,
        ("sale".into(), false)
    );
    assert_eq!(
        shown_on(mail, &looks, key("a"), 50, "over").await,
        ("over".into(), true)
    );
}

#[tokio::test]
async fn a_lifetime_has_its_bounds_and_a_failure_counts_for_the_least() {
    for (lifetime, kept) in [(0, 10), (50, 50), (u64::MAX, 100)] {
        let looks = Arc::new(Looks::default());
        let make = |making: Making| async move {
            making.end(Some(named("one")), Duration::from_secs(lifetime));
        };
        looks.get(key("a"), at(0), TERMS, make).await;
        assert!(
            !shown(&looks, key("a"), kept - 1, "two").await.1,
            "{lifetime}"
        );
        assert!(shown(&looks, key("a"), kept, "two").await.1, "{lifetime}");
    }
    let looks = Arc::new(Looks::default());
    let fails = |making: Making| async move { drop(making) };
    assert!(looks.get(key("a"), at(0), TERMS, fails).await.is_none());
    assert_eq!(
        shown(&looks, key("a"), 9, "one").await,
        (String::new(), false)
    );
    assert_eq!(
        shown(&looks, key("a"), 10, "one").await,
        (String::new(), true)
    );
    assert_eq!(
        shown(&looks, key("a"), 11, "no").await,
        ("one".into(), false)
    );
}

#[tokio::test]
async fn a_plugin_that_does_not_answer_holds_up_its_first_readers_only_and_is_asked_once() {
    let looks = Arc::new(Looks::default());
    let hasty = Terms {
        wait: Some(Duration::from_millis(1)),
        ..TERMS
    };
    let (answer, answered) = oneshot::channel::<()>();
    let slow = |making: Making| async move {
        let _ = answered.await;
        making.end(Some(named("late")), Duration::from_secs(50));
    };
    assert!(looks.get(key("a"), at(0), hasty, slow).await.is_none());
    // Pages were held up for it already: not even those with an hour's patience wait again.
    let again = |_: Making| async { unreachable!("it is asked already") };
    let next = looks.get(key("a"), at(1), TERMS, again);
    let next = tokio::time::timeout(Duration::from_mins(10), next).await;
    assert!(next.expect("it does not wait").is_none());

    // A mail waits for the same answer.
    let mail = Terms {
        wait: None,
        ..TERMS
    };
    let again = |_: Making| async { unreachable!("it is asked already") };
    let waiting = tokio::spawn({
        let looks = Arc::clone(&looks);
        async move { looks.get(key("a"), at(2), mail, again).await }
    });
    answer.send(()).expect("somebody waits");
    let look = waiting.await.expect("no panic");
    let logo = look.and_then(|look| look.logo.clone());
    assert_eq!(logo.as_deref(), Some("late"));
}

/// Has `make` say a look with a header of so many bytes, for the longest time.
async fn fill(looks: &Arc<Looks>, key: LookKey, second: i64, bytes: usize) {
    let make = |making: Making| async move {
        let header = Shown {
            html: "x".repeat(bytes),
            text: String::new(),
        };
        let look = Look {
            header: Some(header),
            ..Look::default()
        };
        making.end(Some(look), Duration::MAX);
    };
    let shown = looks.get(key, at(second), TERMS, make).await;
    let header = shown.and_then(|look| look.header.clone());
    assert_eq!(header.map(|header| header.html.len()), Some(bytes));
}

#[tokio::test]
async fn however_many_contexts_are_seen_no_more_than_so_much_is_kept_of_a_business() {
    let looks = Arc::new(Looks::default());
    for n in 0..MOST / LEAST + 10 {
        shown(&looks, key(&format!("day {n}")), 0, "one").await;
    }
    let (number, bytes) = looks.kept().of(&scope("bus_1"));
    assert!(
        bytes <= MOST && number > 1000,
        "{number} looks, {bytes} bytes"
    );
    // Those that are old go first, all at once.
    shown(&looks, key("another"), 50, "one").await;
    assert_eq!(looks.kept().of(&scope("bus_1")).0, 1);
}

#[tokio::test]
async fn a_business_of_many_looks_makes_room_among_its_own_and_leaves_those_of_others() {
    let looks = Arc::new(Looks::default());
    // It would be old long before any of the other's.
    let quiet = key_of("bus_2", "today");
    shown(&looks, quiet.clone(), 0, "theirs").await;
    for n in 0..2049 {
        fill(&looks, key(&format!("segment {n}")), 1, 20_000).await;
    }
    assert_eq!(
        shown(&looks, quiet, 49, "asked again").await,
        ("theirs".into(), false)
    );
    let (number, bytes) = looks.kept().of(&scope("bus_1"));
    assert!(bytes <= MOST, "{bytes} bytes");
    assert!(number > 300, "{number} looks");
}

#[tokio::test]
async fn where_it_is_too_much_in_all_who_has_most_gives_way() {
    let looks = Arc::new(Looks::default());
    let quiet = key_of("bus_quiet", "today");
    shown(&looks, quiet.clone(), 0, "theirs").await;
    let greedy = MOST_IN_ALL / MOST + 2;
    for business in 0..greedy {
        for n in 0..MOST / 100_000 {
            let key = key_of(&format!("bus_{business}"), &format!("segment {n}"));
            fill(&looks, key, 1, 100_000).await;
        }
    }
    assert!(looks.kept().bytes() <= MOST_IN_ALL);
    assert_eq!(
        shown(&looks, quiet, 49, "asked again").await,
        ("theirs".into(), false)
    );
    for business in 0..greedy {
        let (_, bytes) = looks.kept().of(&scope(&format!("bus_{business}")));
        assert!(bytes > MOST / 2, "bus_{business} has {bytes} bytes");
    }
}
