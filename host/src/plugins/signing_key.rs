//! Keys that sign plugins, in minisign's own formats: its tools read and write the same files.
//! A key of ours has no password, as the host's keys have none; minisign's own signs with one.

use blake2b_simd::{Params, blake2b};
use data_encoding::BASE64;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

/// What a key's file begins with: Ed25519, no password, BLAKE2b for the check at its end.
const HEAD: [u8; 6] = [b'E', b'd', 0, 0, b'B', b'2'];
/// Where a password would have its salt and its cost.
const NO_PASSWORD: [u8; 48] = [0; 48];
const NUMBER: usize = 8;
const SECRET: usize = 64;

/// A new key.
pub struct SigningKey {
    /// The text of the file to be kept secret.
    pub secret: String,
    /// The text of the file for everybody.
    pub public: String,
    /// What hosts write into their configuration.
    pub line: String,
}

/// Why there is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// Not a secret key.
    #[error("it is no secret key; `vestibule key signer` makes one")]
    NoKey,
    /// Under a password.
    #[error("it is under a password; sign with minisign itself: minisign -S -s KEY -m FILE")]
    Password,
}

/// Makes a key of randomness.
pub fn make(random: [u8; 40]) -> Result<SigningKey, SigningKeyError> {
    let (number, seed) = random.split_at(NUMBER);
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| SigningKeyError::NoKey)?;
    let public = pair.public_key().as_ref();
    let secret = [seed, public].concat();
    let check = check(number, &secret);
    let file = [&HEAD[..], &NO_PASSWORD, number, &secret, &check].concat();
    let line = BASE64.encode(&[b"Ed", number, public].concat());
    Ok(SigningKey {
        secret: commented("secret key of a plugin signer", &file),
        public: format!("untrusted comment: public key of a plugin signer\n{line}\n"),
        line,
    })
}

/// Signs the bytes of `file`, a name for people, with the key of this text.
pub fn sign(
    bytes: &[u8],
    file: &str,
    secret: &str,
    unix_seconds: i64,
) -> Result<String, SigningKeyError> {
    let (number, pair) = read(secret)?;
    let hash = blake2b(bytes);
    let signature = pair.sign(hash.as_bytes());
    let about = format!("timestamp:{unix_seconds}\tfile:{file}\thashed");
    let all = pair.sign(&[signature.as_ref(), about.as_bytes()].concat());
    let signature = [&b"ED"[..], &number, signature.as_ref()].concat();
    let first = commented("signature of a plugin", &signature);
    let all = BASE64.encode(all.as_ref());
    Ok(format!("{first}trusted comment: {about}\n{all}\n"))
}

fn read(secret: &str) -> Result<([u8; NUMBER], Ed25519KeyPair), SigningKeyError> {
    let none = SigningKeyError::NoKey;
    let line = secret.lines().nth(1).ok_or(none)?;
    let file = BASE64.decode(line.trim().as_bytes()).map_err(|_| none)?;
    let (head, rest) = file.split_first_chunk::<{ HEAD.len() }>().ok_or(none)?;
    if head[..2] != HEAD[..2] || head[4..] != HEAD[4..] {
        return Err(none);
    }
    if *head != HEAD {
        return Err(SigningKeyError::Password);
    }
    let rest = rest.get(NO_PASSWORD.len()..).ok_or(none)?;
    let (number, rest) = rest.split_first_chunk::<NUMBER>().ok_or(none)?;
    let (secret, stated) = rest.split_first_chunk::<SECRET>().ok_or(none)?;
    if check(number, secret) != stated {
        return Err(none);
    }
    let (seed, public) = secret.split_at(SECRET / 2);
    let pair = Ed25519KeyPair::from_seed_and_public_key(seed, public);
    Ok((*number, pair.map_err(|_| none)?))
}

fn check(number: &[u8], secret: &[u8]) -> Vec<u8> {
    let all = [b"Ed", number, secret].concat();
    let hash = Params::new().hash_length(32).hash(&all);
    hash.as_bytes().to_vec()
}

fn commented(comment: &str, bytes: &[u8]) -> String {
    format!("untrusted comment: {comment}\n{}\n", BASE64.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::signature::{Signer, Signing};

    /// Made by minisign's own code, of the version 0.9.1 for Rust.
    const SECRET: &str = "untrusted comment: rsign encrypted secret key\n\
        RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAgYAJ68RbkxFq5rTsnJh8\
        8C61idfls5XFcrVnVyfYTIpZka7eZHP4K+gOywoiPaikfu9TSx0rKon2KbzcU4kS9bVQB/640KaZ3XladmA05Ncvd6r1\
        rgwZucgAp4aLcOMAj/VrlBbpQhI=\n";
    const PUBLIC: &str = "RWSBgAnrxFuTEegOywoiPaikfu9TSx0rKon2KbzcU4kS9bVQB/640KaZ";
    const SIGNATURE: &str = "untrusted comment: signature from rsign secret key\n\
        RUSBgAnrxFuTEa/LMK8T1BFLmmG8jotbbldQIa31QPojh2EF99yt4AwY1wMV+4VEB9pFhTiUsccmOTAQv+ipgoaSA9IC\
        3kuIGwo=\ntrusted comment: timestamp:0\tfile:guest.wasm\thashed\n\
        lFWKppAoy0EeHexc0hvHr/0xiOsbqydDV20BEnPCorGJr6Td9gc6mYjfzKWNiF+PJeTyJ2DpicDKWGCEYD5FBA==\n";
    const UNDER_A_PASSWORD: &str = "untrusted comment: rsign encrypted secret key\n\
        RWRTY0IyhQOgGR85K2B/ZulcrQEhvzLKAqc+IcoevRl4U1FV6qEAABAAAAAAAAAAAAIAAAAAidsjJDQHRtdnlc4+774S\
        OZoRwcQgDtA2qeQnMdLLskZfN0a5pUM8M4AH/gq5iqDHX2zi3onC9DCOu3C1IJy75Dk2mnmbDP2rTdyykztxU6hP1CgW\
        UlRq67wc33OxtDsHi3FFFDsN++o=\n";

    fn signer(line: &str, bytes: &[u8], signature: &str) -> Option<String> {
        let signer = Signer::parse(line).expect("a public key");
        let signing = Signing {
            signers: [("them".to_owned(), signer)].into(),
            ..Signing::default()
        };
        signing.signer(&[], bytes, Some(signature)).ok().flatten()
    }

    #[test]
    fn keys_and_signatures_of_minisign_are_ours() {
        let them = Some("them".to_owned());
        assert_eq!(signer(PUBLIC, b"a plugin", SIGNATURE), them);
        assert_eq!(signer(PUBLIC, b"another", SIGNATURE), None);
        let ours = sign(b"a plugin", "guest.wasm", SECRET, 0).expect("a signature");
        assert_eq!(signer(PUBLIC, b"a plugin", &ours), them);
        // Ed25519 signs the same the same way.
        let bare = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(ours.lines().count(), 4);
        assert_eq!(bare(&ours)[1], bare(SIGNATURE)[1]);
    }

    #[test]
    fn a_new_key_signs_and_a_damaged_or_closed_one_does_not() {
        let key = make([7; 40]).expect("a key");
        let signature = sign(b"a plugin", "x.wasm", &key.secret, 1).expect("a signature");
        assert!(signer(&key.line, b"a plugin", &signature).is_some());
        assert!(key.public.lines().nth(1) == Some(key.line.as_str()));
        let why = |secret: &str| sign(b"a plugin", "x.wasm", secret, 1).err();
        assert_eq!(why(UNDER_A_PASSWORD), Some(SigningKeyError::Password));
        for text in ["", "one line", "comment\nno base64!", &key.public] {
            assert_eq!(why(text), Some(SigningKeyError::NoKey), "{text}");
        }
        let damaged = SECRET.replace("K+gOywoi", "K+gOywoj");
        assert_eq!(why(&damaged), Some(SigningKeyError::NoKey));
    }
}
