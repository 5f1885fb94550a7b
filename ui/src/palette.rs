//! Colours of services: CSS classes, so that light and dark are the stylesheet's business.
//!
//! A service's slot is a hash of its name, the same on every page forever. Two services of one page that share a slot are
//! told apart by texture: the later by name gets stripes, the next dots.

use std::collections::BTreeMap;

use coldlight_model::colour_slot;

/// The services of one page and their classes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Palette {
    textures: BTreeMap<String, u8>,
}

/// Textures there are: plain, stripes, dots. More services in one slot share the last.
const LAST_TEXTURE: u8 = 2;

impl Palette {
    pub fn of<'a>(services: impl IntoIterator<Item = &'a str>) -> Self {
        let mut textures: BTreeMap<String, u8> = services.into_iter().map(|service| (service.to_owned(), 0)).collect();
        let mut used = [0u8; 8];
        for (service, texture) in &mut textures {
            let slot = &mut used[usize::from(colour_slot(service))];
            *texture = (*slot).min(LAST_TEXTURE);
            *slot = slot.saturating_add(1);
        }
        Self { textures }
    }

    /// The class of a coloured thing: `s3`, or with a texture `s3 t1`.
    pub fn class(&self, service: &str) -> String {
        let slot = colour_slot(service);
        match self.texture(service) {
            0 => format!("s{slot}"),
            texture => format!("s{slot} t{texture}"),
        }
    }

    /// 0 plain, 1 stripes, 2 dots.
    pub fn texture(&self, service: &str) -> u8 {
        self.textures.get(service).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two names that share a slot.
    fn twins() -> (String, String) {
        let names: Vec<String> = (0..20).map(|at| format!("svc-{at:02}")).collect();
        let first = &names[0];
        let twin = names[1..].iter().find(|name| colour_slot(name) == colour_slot(first)).unwrap();
        (first.clone(), twin.clone())
    }

    #[test]
    fn the_later_by_name_gets_the_texture_whatever_the_order() {
        let (first, twin) = twins();
        for order in [[&first, &twin], [&twin, &first]] {
            let palette = Palette::of(order.map(String::as_str));
            assert_eq!(palette.texture(&first), 0);
            assert_eq!(palette.texture(&twin), 1);
            assert_eq!(palette.class(&twin), format!("s{} t1", colour_slot(&twin)));
        }
    }

    #[test]
    fn a_service_keeps_its_slot_on_every_page() {
        assert_eq!(Palette::of(["a"]).class("a"), Palette::of(["a", "b", "c"]).class("a"));
    }
}
