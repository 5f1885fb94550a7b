//! Cost by step as stacked bars, with the time before as a line.

use coldlight_model::money::Usd;
use coldlight_model::{Spending, SpendingGroup};

use super::pico;
use crate::format::{number, usd};
use crate::moment::Zone;
use crate::palette::Palette;

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 180.0;
/// Groups with a colour of their own; the rest are drawn as one.
const DRAWN: usize = 8;

pub(super) struct Chart {
    pub legend: Vec<(String, String)>,
    pub layers: Vec<Layer>,
    pub bars: Vec<Bar>,
    /// Points of the line of the time before; empty when nothing was spent then.
    pub before: String,
    /// Height from the bottom in percent, and label.
    pub ticks: Vec<(String, String)>,
    /// Place from the left in percent, and label.
    pub labels: Vec<(String, String)>,
    pub summary: String,
}

impl Chart {
    pub fn has_textures(&self) -> bool {
        self.layers.iter().any(|layer| layer.texture.is_some())
    }
}

/// The shape of a group, of all its steps.
pub(super) struct Layer {
    pub class: String,
    pub path: String,
    /// `p1` or `p2`, where it shares its colour with another.
    pub texture: Option<&'static str>,
}

/// One step: what the pointer finds of it, from the top of the chart to its ground.
pub(super) struct Bar {
    pub begins: String,
    pub title: String,
    pub total: String,
    pub x: String,
    pub width: String,
}

pub(super) fn chart(spending: &Spending, palette: &Palette, zone: &Zone) -> Chart {
    let (drawn, rest) = spending.groups.split_at(spending.groups.len().min(DRAWN));
    let steps = spending.previous_steps.len().max(1);
    let of_step = |groups: &[SpendingGroup], at: usize| {
        Usd::sum(groups.iter().filter_map(|group| group.steps.get(at).copied())).unwrap_or_default()
    };
    let totals: Vec<Usd> = (0..steps).map(|at| of_step(&spending.groups, at)).collect();
    let tallest = totals.iter().chain(&spending.previous_steps).copied().max().unwrap_or_default();
    let top = pico(tallest).max(1) as f64 * 1.08;
    let height = |amount: Usd| pico(amount) as f64 / top * HEIGHT;
    let width = WIDTH / steps as f64;
    let class =
        |group: &SpendingGroup| group.name.as_deref().map_or_else(|| "s-none".to_owned(), |name| palette.class(name));
    // What stands on what: each group on those before it.
    let mut bases = vec![HEIGHT; steps];
    let mut layer = |class: String, groups: &[SpendingGroup]| {
        let mut path = String::new();
        for (at, base) in bases.iter_mut().enumerate() {
            let tall = height(of_step(groups, at));
            *base -= tall;
            if tall > 0.0 {
                let [x, y, wide, tall] = [width * (at as f64 + 0.06), *base, width * 0.88, tall].map(number);
                path.push_str(&format!("M{x} {y}h{wide}v{tall}h-{wide}z"));
            }
        }
        let texture = match () {
            () if class.ends_with(" t1") => Some("p1"),
            () if class.ends_with(" t2") => Some("p2"),
            () => None,
        };
        Layer { class, path, texture }
    };
    let mut layers: Vec<Layer> = drawn.iter().map(|group| layer(class(group), std::slice::from_ref(group))).collect();
    layers.push(layer("s-none".to_owned(), rest));
    layers.retain(|layer| !layer.path.is_empty());
    let bars = (0..steps).map(|at| {
        let begins = spending.origin.plus(spending.step * at as u64);
        // Of the first only what lies in the range.
        let begins_in = begins.max(spending.range.from);
        Bar {
            begins: zone.day_minute(begins_in),
            title: format!("{}: {}", zone.day_minute(begins_in), usd(totals[at])),
            total: usd(totals[at]),
            x: number(width * at as f64),
            width: number(width),
        }
    });
    let spent_before = spending.previous_steps.iter().any(|step| *step > Usd::ZERO);
    let before = spending
        .previous_steps
        .iter()
        .enumerate()
        .map(|(at, step)| format!("{},{}", number(width * (at as f64 + 0.5)), number(HEIGHT - height(*step))));
    let mut legend: Vec<(String, String)> = drawn
        .iter()
        .map(|group| (class(group), group.name.clone().unwrap_or_else(|| "(not said)".to_owned())))
        .collect();
    if !rest.is_empty() {
        legend.push(("s-none".to_owned(), format!("{} more", rest.len())));
    }
    let label_every = steps.div_ceil(8);
    Chart {
        legend,
        layers,
        bars: bars.collect(),
        before: if spent_before { before.collect::<Vec<_>>().join(" ") } else { String::new() },
        ticks: [0_u32, 1, 2]
            .into_iter()
            .filter_map(|at| {
                let amount = tallest.times(at.into(), 2)?;
                Some((number(height(amount) / HEIGHT * 100.0), usd(amount)))
            })
            .collect(),
        labels: (0..steps)
            .step_by(label_every)
            .map(|at| {
                let begins = spending.origin.plus(spending.step * at as u64);
                let words = if spending.step * label_every as u64 >= 86_400_000_000_000 {
                    zone.date(begins)
                } else {
                    zone.minute(begins)
                };
                (number(width * at as f64 / WIDTH * 100.0), words)
            })
            .collect(),
        summary: format!(
            "{} in all; the dearest step {}",
            usd(spending.total.total()),
            usd(totals.iter().copied().max().unwrap_or_default())
        ),
    }
}
