//! `[login]`: links, codes, sessions and their limits. What each means is in `host/src/flows`;
//! this is only how long and how many.

use jiff::SignedDuration;
use serde::Deserialize;

use super::duration;
use super::problem::Problem;
use super::source::Source;

/// The most wrong codes that a login request may bear.
const MOST_TRIES: u32 = 10;
/// The most login requests of one address at the same time: each can be guessed at.
const MOST_REQUESTS: u32 = 10;
/// OWASP ASVS 5.0, 6.5.5.
const LONGEST_REQUEST: SignedDuration = SignedDuration::from_mins(10);

/// Links, codes, sessions and their limits.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Login {
    /// How long the link and the code of a login request work.
    #[serde(deserialize_with = "duration::one")]
    pub request_lifetime: SignedDuration,
    /// Digits of the code.
    pub code_digits: u8,
    /// Wrong codes before a login request ends.
    pub code_tries: u32,
    /// Login requests of one address that may live at the same time.
    pub live_requests: u32,
    /// Login requests that one browser may make within `request_lifetime`.
    pub requests_per_browser: u32,
    /// Login requests from one network within `request_lifetime`; browsers that have signed in
    /// before are not counted.
    pub requests_per_network: u32,
    /// How long a dynamic link works.
    #[serde(deserialize_with = "duration::one")]
    pub dynamic_link_lifetime: SignedDuration,
    /// Login mails to one address within `mail_window`, over all businesses.
    pub mails_per_address: u32,
    /// Login mails asked for from one network within `mail_window`.
    pub mails_per_network: u32,
    /// Login mails asked for by a browser that has signed in before, within `mail_window`.
    pub mails_per_known_browser: u32,
    /// The window of the three counts above.
    #[serde(deserialize_with = "duration::one")]
    pub mail_window: SignedDuration,
    /// Leading bits of an IPv4 address that make a network.
    pub network_v4_bits: u8,
    /// Leading bits of an IPv6 address that make a network.
    pub network_v6_bits: u8,
    /// A session unused for this long ends.
    #[serde(deserialize_with = "duration::one")]
    pub session_idle: SignedDuration,
    /// A session ends after this long in any case.
    #[serde(deserialize_with = "duration::one")]
    pub session_absolute: SignedDuration,
    /// The last use of a session is written at most this often.
    #[serde(deserialize_with = "duration::one")]
    pub session_touch: SignedDuration,
    /// How long a staff sign-in link works.
    #[serde(deserialize_with = "duration::one")]
    pub staff_link_lifetime: SignedDuration,
    /// A staff session ends after this long.
    #[serde(deserialize_with = "duration::one")]
    pub staff_session: SignedDuration,
    /// A press of a dynamic link's button that follows another one within this time, in the same
    /// browser, is the same press.
    #[serde(deserialize_with = "duration::one")]
    pub same_press: SignedDuration,
    /// How long a browser that has signed in is known.
    #[serde(deserialize_with = "duration::one")]
    pub known_browser: SignedDuration,
    /// How young a sign-in must be for a change of the e-mail address.
    #[serde(deserialize_with = "duration::one")]
    pub fresh_sign_in: SignedDuration,
    /// How long the choice of a language is remembered.
    #[serde(deserialize_with = "duration::one")]
    pub language_choice: SignedDuration,
    /// How long sessions and links are kept after they have run out.
    #[serde(deserialize_with = "duration::one")]
    pub keep_ended: SignedDuration,
    /// How long login requests are kept after they have run out.
    #[serde(deserialize_with = "duration::one")]
    pub keep_requests: SignedDuration,
    /// `send_email` of the portal session API works at most once per customer in this time.
    #[serde(deserialize_with = "duration::one")]
    pub send_email_interval: SignedDuration,
}

impl Default for Login {
    fn default() -> Self {
        Self {
            request_lifetime: SignedDuration::from_mins(10),
            code_digits: 8,
            code_tries: 5,
            live_requests: 3,
            requests_per_browser: 5,
            requests_per_network: 60,
            dynamic_link_lifetime: SignedDuration::from_hours(24),
            mails_per_address: 5,
            mails_per_network: 60,
            mails_per_known_browser: 5,
            mail_window: SignedDuration::from_hours(1),
            network_v4_bits: 24,
            network_v6_bits: 64,
            session_idle: SignedDuration::from_hours(1),
            session_absolute: SignedDuration::from_hours(24),
            session_touch: SignedDuration::from_mins(5),
            staff_link_lifetime: SignedDuration::from_mins(10),
            staff_session: SignedDuration::from_hours(12),
            same_press: SignedDuration::from_mins(10),
            known_browser: SignedDuration::from_hours(365 * 24),
            fresh_sign_in: SignedDuration::from_mins(10),
            language_choice: SignedDuration::from_hours(365 * 24),
            keep_ended: SignedDuration::from_hours(30 * 24),
            keep_requests: SignedDuration::from_hours(24),
            send_email_interval: SignedDuration::from_mins(1),
        }
    }
}

impl Login {
    pub(super) fn check(&self, source: &Source, problems: &mut Vec<Problem>) {
        if !(6..=10).contains(&self.code_digits) {
            problems.push(source.problem(
                "login.code_digits",
                format!("is {}", self.code_digits),
                "Write 6 to 10: fewer can be guessed, more are mistyped.",
            ));
        }
        let counts = [
            ("code_tries", self.code_tries, MOST_TRIES),
            ("live_requests", self.live_requests, MOST_REQUESTS),
            ("requests_per_browser", self.requests_per_browser, u32::MAX),
            ("requests_per_network", self.requests_per_network, u32::MAX),
            ("mails_per_address", self.mails_per_address, u32::MAX),
            ("mails_per_network", self.mails_per_network, u32::MAX),
            (
                "mails_per_known_browser",
                self.mails_per_known_browser,
                u32::MAX,
            ),
        ];
        for (key, count, most) in counts {
            if count == 0 {
                problems.push(source.problem(
                    format!("login.{key}"),
                    "is 0",
                    "Write at least 1; with none, nobody can sign in.",
                ));
            }
            if count > most {
                problems.push(source.problem(
                    format!("login.{key}"),
                    format!("is {count}"),
                    format!("Write at most {most}; with more, codes can be guessed."),
                ));
            }
        }
        let lifetimes = [
            ("request_lifetime", self.request_lifetime),
            ("staff_link_lifetime", self.staff_link_lifetime),
        ];
        for (key, lifetime) in lifetimes {
            if lifetime.is_zero() || lifetime > LONGEST_REQUEST {
                problems.push(source.problem(
                    format!("login.{key}"),
                    "is not within 10 minutes",
                    "Write at most \"10m\": a mailed link or code must not live longer (OWASP ASVS 6.5.5).",
                ));
            }
        }
        if self.network_v4_bits > 32 || self.network_v6_bits > 128 {
            problems.push(source.problem(
                if self.network_v4_bits > 32 {
                    "login.network_v4_bits"
                } else {
                    "login.network_v6_bits"
                },
                "is longer than an address",
                "IPv4 has 32 bits, IPv6 has 128.",
            ));
        }
        if self.session_idle > self.session_absolute {
            problems.push(source.problem(
                "login.session_idle",
                "is longer than login.session_absolute",
                "A session cannot be idle for longer than it lives.",
            ));
        }
    }
}
