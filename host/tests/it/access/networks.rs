//! Where a request comes from, seen through proxies and sockets for both families.

use super::{Browser, House, link, lumen};

/// The network that the page behind a mailed link names.
async fn named(house: &House, mut browser: Browser, mails: usize, network: &str) {
    browser.ask("amelie@example.com").await;
    let shown = browser.get(&link(&house.mail(mails).await)).await;
    assert!(
        shown.body.contains(&format!("network {network}.")),
        "{network} is not in {}",
        shown.body
    );
}

#[tokio::test]
async fn the_client_is_found_behind_proxies_in_both_notations() {
    let login = "mails_per_address = 90\nrequests_per_network = 90";
    let house = House::start(None, login).await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let v4 = "203.0.113.0/24";
    let v6 = "2001:db8:1:2::/64";
    let cases = [
        // A socket for both families, with nobody between.
        ("[::ffff:203.0.113.7]:9000", "", v4),
        ("[2001:db8:1:2::3]:9000", "", v6),
        // A trusted proxy, by either family.
        ("127.0.0.1:9000", "203.0.113.7", v4),
        ("[::ffff:127.0.0.1]:9000", "203.0.113.7", v4),
        ("127.0.0.1:9000", "::ffff:203.0.113.7", v4),
        ("127.0.0.1:9000", "203.0.113.7:4711", v4),
        ("127.0.0.1:9000", "[2001:db8:1:2::3]:4711", v6),
        ("127.0.0.1:9000", "[2001:db8:1:2::3]", v6),
        // Several hops: the last that is not trusted; what stands before it, anybody can write.
        ("127.0.0.1:9000", "198.51.100.1, 203.0.113.7", v4),
        ("127.0.0.1:9000", "203.0.113.7, 127.0.0.1:80", v4),
        ("127.0.0.1:9000", "203.0.113.7, ::ffff:127.0.0.1", v4),
        // Nobody trusted says it.
        ("203.0.113.7:9000", "198.51.100.1", v4),
        ("[::ffff:203.0.113.7]:9000", "198.51.100.1", v4),
        // Not an address.
        ("127.0.0.1:9000", "203.0.113.7, unknown", "127.0.0.0/24"),
    ];
    for (index, (peer, forwarded, network)) in cases.into_iter().enumerate() {
        let mut browser = house.browser();
        if !forwarded.is_empty() {
            browser = browser.at(forwarded);
        }
        browser.peer = Some(peer.parse().unwrap());
        named(&house, browser, index + 1, network).await;
    }
}

#[tokio::test]
async fn networks_are_counted_by_24_bits_of_an_old_address_and_64_of_a_new_one() {
    let house = House::start(None, "mails_per_network = 1").await;
    for index in 0..6 {
        let address = format!("customer{index}@example.com");
        house.customer(&lumen(), &address, "Somebody").await;
    }
    let mut mails = 0;
    for (index, (address, counted)) in [
        ("2001:db8:1:2::1", true),
        ("2001:db8:1:2:ffff::9", false),
        ("2001:db8:1:3::1", true),
        ("203.0.113.1", true),
        ("::ffff:203.0.113.200", false),
        ("203.0.114.1", true),
    ]
    .into_iter()
    .enumerate()
    {
        let mut browser = house.browser().at(address);
        browser.ask(&format!("customer{index}@example.com")).await;
        mails += usize::from(counted);
        assert_eq!(house.quiet().await.len(), mails, "{address}");
    }
}
