//! What a gateway is told of a set-up.

use jiff::SignedDuration;
use ulid::Ulid;

use super::*;
use crate::domain::Mode;
use crate::domain::id::Id as _;

#[test]
fn a_gateway_is_told_the_hosts_own_time_of_a_set_up_wherever_the_test_clock_stands() {
    let made = Timestamp::from_millisecond(1_795_000_000_123).expect("a time");
    let moved = made
        .checked_add(SignedDuration::from_hours(24 * 400))
        .expect("a time");
    let ulid = Ulid::from_parts(1_795_000_000_123, 7);
    let setup = Setup {
        id: SetupId::from_ulid(ulid),
        scope: Scope::new("bus_1".parse().expect("an id"), Mode::Test),
        customer: "cus_1".parse().expect("an id"),
        subscription: "sub_1".parse().expect("an id"),
        gateway: "main".to_owned(),
        state: SetupState::Created,
        decline: None,
        action: None,
        expires_at: made,
        gateway_ref: None,
        method: None,
        return_url: None,
        created_at: moved,
        updated_at: moved,
        version: 0,
    };
    let sent = sent(&setup);
    assert_eq!(sent.first_sent_at, made);
    assert_eq!(sent.key, setup.id.as_str());
}
