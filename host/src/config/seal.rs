//! What the host has to know again and a copy of the database must not tell: texts sealed under
//! the host's keys (ChaCha20-Poly1305). The first key seals, all open.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::keys::HostKeys;

/// What the keys that seal are made for.
const PURPOSE: &str = "seal";

/// Bytes of the random number that a sealed text starts with.
pub const NONCE: usize = NONCE_LEN;

impl HostKeys {
    /// Seals `text` for `place`, the id of its row and the name of its column: elsewhere it cannot
    /// be opened. `nonce` is random, and for this text alone.
    pub fn seal(&self, place: &str, nonce: [u8; NONCE], text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        sealer(&self.sign(PURPOSE, place.as_bytes()))
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.as_bytes()),
                &mut bytes,
            )
            .expect("a text is shorter than the cipher's limit");
        STANDARD_NO_PAD.encode([&nonce[..], &bytes].concat())
    }

    /// What [`HostKeys::seal`] sealed for `place`; none when no key opens it.
    pub fn unseal(&self, place: &str, sealed: &str) -> Option<String> {
        let bytes = STANDARD_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        self.signatures(PURPOSE, place.as_bytes()).find_map(|key| {
            let mut bytes = sealed.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let text = sealer(&key)
                .open_in_place(nonce, Aad::from(place.as_bytes()), &mut bytes)
                .ok()?;
            String::from_utf8(text.to_vec()).ok()
        })
    }
}

fn sealer(key: &[u8]) -> LessSafeKey {
    let key = UnboundKey::new(&CHACHA20_POLY1305, key).expect("the keys have 32 bytes");
    LessSafeKey::new(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(dir: &std::path::Path, keys: &[u8]) -> HostKeys {
        let path = dir.join("host.key");
        for key in keys {
            HostKeys::add(&path, [*key; 32]).expect("written");
        }
        HostKeys::read(&path).expect("readable")
    }

    #[test]
    fn what_was_sealed_opens_at_its_place_only_and_by_any_of_the_keys() {
        let dir = tempfile::tempdir().expect("a folder");
        let old = keys(dir.path(), &[1]);
        let sealed = old.seal("whk_1.secrets", [9; NONCE], "whsec_x");
        assert!(!sealed.contains("whsec"), "{sealed}");
        let both = keys(dir.path(), &[2]);
        let open = |keys: &HostKeys, place| keys.unseal(place, &sealed);
        assert_eq!(open(&both, "whk_1.secrets").as_deref(), Some("whsec_x"));
        assert_eq!(open(&both, "whk_2.secrets"), None);
        assert_eq!(both.unseal("whk_1.secrets", &sealed[..20]), None);

        let other = tempfile::tempdir().expect("a folder");
        assert_eq!(open(&keys(other.path(), &[3]), "whk_1.secrets"), None);
    }
}
