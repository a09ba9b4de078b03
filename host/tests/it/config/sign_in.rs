//! Mistakes that would let somebody in, or keep everybody out.

use super::{BUSINESS, Folder};

#[test]
fn what_would_keep_everybody_out_or_let_codes_be_guessed_is_refused_with_the_mend() {
    for (line, part) in [
        ("code_tries = 0", "login.code_tries: is 0"),
        ("live_requests = 0", "login.live_requests: is 0"),
        ("mails_per_address = 0", "login.mails_per_address: is 0"),
        ("mails_per_network = 0", "login.mails_per_network: is 0"),
        (
            "mails_per_known_browser = 0",
            "login.mails_per_known_browser: is 0",
        ),
        (
            "requests_per_browser = 0",
            "login.requests_per_browser: is 0",
        ),
        (
            "requests_per_network = 0",
            "login.requests_per_network: is 0",
        ),
        ("code_tries = 1000", "login.code_tries: is 1000"),
        ("live_requests = 1000", "login.live_requests: is 1000"),
        (
            "request_lifetime = \"11m\"",
            "login.request_lifetime: is not within 10 minutes",
        ),
        (
            "request_lifetime = \"0s\"",
            "login.request_lifetime: is not within 10 minutes",
        ),
        (
            "staff_link_lifetime = \"1h\"",
            "login.staff_link_lifetime: is not within 10 minutes",
        ),
    ] {
        let folder = Folder::new();
        folder.write("config/vestibule.toml", &format!("[login]\n{line}\n"));
        let report = folder.report();
        assert!(report.starts_with("config/vestibule.toml:2: "), "{report}");
        assert!(report.contains(part), "{line}: {report}");
    }
}

#[test]
fn no_business_has_the_id_under_which_the_host_keeps_its_own_rows() {
    let folder = Folder::new();
    let business = BUSINESS.replace("bus_lumen", "bus_host");
    folder.write("config/businesses/lumen.toml", &business);
    let report = folder.report();
    assert!(
        report.contains("lumen.toml:2: id: is the host's own"),
        "{report}"
    );
}

#[test]
fn a_portal_does_not_share_the_consoles_host_on_another_port() {
    let folder = Folder::new();
    folder.write(
        "config/vestibule.toml",
        "[server]\npublic_url = \"https://billing.example.com\"\n\
         console_url = \"https://console.example.com\"\n",
    );
    let hosted = |host: &str| {
        let host = format!("{BUSINESS}\n[live]\nhost = \"{host}\"\n");
        folder.write("config/businesses/lumen.toml", &host);
    };
    hosted("https://console.example.com:8443");
    let report = folder.report();
    assert!(report.contains("live.host: is taken by"), "{report}");
    assert!(report.contains("another port is not enough"), "{report}");
    hosted("https://lumen.example.com");
    folder.load().unwrap();
}
