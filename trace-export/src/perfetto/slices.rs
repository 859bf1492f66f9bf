//! Regions and polls: a slice on the thread's track, and a copy below the task or future.

use std::io;

use trace_reader::{CallsiteId, FiberId, RegionEnd, TaskId, Time, Values};

use super::events::{Annotations, Details, Event};
use super::line::{Begun, Held, Line};
use super::packets::Category;
use super::tasks::{future_flow, task_flow};
use super::{BEFORE, CUT, LATE, SHORT, Timeline};
use crate::nesting::{Edge, Ending, Slice};

impl Timeline<'_, '_, '_> {
    #[inline]
    pub(super) fn edge(&mut self, line: &mut Line, time: Time, edge: Edge) -> io::Result<()> {
        // Several can come with one step.
        self.release(line, None)?;
        match edge {
            Edge::Begin(slice, waited_ns) => {
                let callsite = slice.callsite;
                line.held = Some(Held { time, callsite, begun: Begun::Slice { slice, waited_ns } });
                Ok(())
            }
            Edge::End(slice, ending) => self.slice_ends(line, time, slice, ending),
            Edge::Alone(end) => self.region_alone(line, time, &end),
        }
    }

    /// Writes what is held back, now that its arguments are known.
    #[inline]
    pub(super) fn release(
        &mut self,
        line: &mut Line,
        values: Option<&Values<'_>>,
    ) -> io::Result<()> {
        let Some(Held { time, callsite, begun }) = line.held.take() else { return Ok(()) };
        let arguments = values.map(|values| self.annotations(callsite, values)).unwrap_or_default();
        match begun {
            Begun::Slice { slice, waited_ns } => {
                self.slice_begins(line, time, slice, waited_ns, arguments)
            }
            Begun::Task { task, track } => self.task_begins(time, callsite, task, track, arguments),
            Begun::Future { track, .. } => {
                let event = Event::begin(Category::Future).on(track);
                self.named(time, callsite, event, &arguments)
            }
        }
    }

    /// Writes an event that is called like a callsite.
    #[inline]
    pub(super) fn named(
        &mut self,
        time: Time,
        callsite: CallsiteId,
        mut event: Event,
        annotations: &Annotations,
    ) -> io::Result<()> {
        let Self { packets, names, remarks, .. } = self;
        let name = || names.of(callsite, remarks).name.clone();
        event.name_iid = Some(packets.name(callsite, name));
        self.annotated(time, event, annotations)
    }

    /// Writes an event.
    #[inline]
    pub(super) fn annotated(
        &mut self,
        time: Time,
        event: Event,
        annotations: &Annotations,
    ) -> io::Result<()> {
        match annotations.is_empty() {
            true => self.packets.plain(time, &event),
            false => self.packets.detailed(time, &event, annotations.into()),
        }
    }

    #[inline]
    fn slice_begins(
        &mut self,
        line: &mut Line,
        time: Time,
        slice: Slice,
        waited_ns: u64,
        mut annotations: Annotations,
    ) -> io::Result<()> {
        let Slice { callsite, task, fiber, .. } = slice;
        if slice.is_short {
            self.remarks.met(SHORT);
        }
        if slice.is_rest {
            annotations = annotations.with_flag("rest");
        }
        if waited_ns > 0 {
            annotations = annotations.with_number("ready_ns", waited_ns);
        }
        let track = self.below(line, &slice)?;
        line.copies.push(track);
        if let Some(track) = track {
            let copy = Event::begin(Category::Region).copy().on(track);
            if slice.is_poll() {
                let details = Details { name: Some("poll"), ..(&annotations).into() };
                self.packets.detailed(time, &copy, details)?;
            } else {
                self.named(time, callsite, copy, &annotations)?;
            }
        }
        let category = if slice.is_poll() { Category::Poll } else { Category::Region };
        let mut event = Event::begin(category);
        if slice.is_poll() {
            event.other_flow = Some(future_flow(fiber));
        }
        if slice.is_outermost && !slice.is_rest && task != TaskId::BACKGROUND {
            event.flow = Some(task_flow(task));
        }
        self.named(time, callsite, event, &annotations)
    }

    #[inline]
    fn slice_ends(
        &mut self,
        line: &mut Line,
        time: Time,
        slice: Slice,
        ending: Ending,
    ) -> io::Result<()> {
        let track = line.copies.pop().flatten();
        let mut annotations = match ending {
            Ending::Cut => Annotations::default(),
            _ => line.added.take_from_region(slice.region),
        };
        match ending {
            Ending::Ended => {}
            Ending::Open if annotations.is_empty() => return Ok(()),
            Ending::Open => {
                // It has no end that they could stand at.
                let event = Event::instant(Category::Region).copy();
                return self.named(time, slice.callsite, event, &annotations);
            }
            Ending::Lost => annotations = annotations.with_flag("lost"),
            Ending::Cut => self.remarks.met(CUT),
            Ending::Late => self.remarks.met(LATE),
        }
        if let Some(track) = track {
            self.annotated(time, Event::END.on(track), &annotations)?;
        }
        self.annotated(time, Event::END, &annotations)
    }

    /// The track below its task or future on which a slice has a copy.
    #[inline]
    fn below(&mut self, line: &mut Line, slice: &Slice) -> io::Result<Option<u64>> {
        let &Slice { callsite, task, fiber, within, .. } = slice;
        if fiber != FiberId::NONE {
            let name = &self.names.of(callsite, self.remarks).name;
            return self.tracks.future(fiber, name, task, &mut self.packets).map(Some);
        }
        if within != FiberId::NONE {
            return Ok(self.tracks.known_future(within));
        }
        if task == TaskId::BACKGROUND {
            return Ok(None);
        }
        if let Some((_, track)) = line.lane.filter(|(of, _)| *of == task) {
            return Ok(Some(track));
        }
        let track = self.tracks.lane(task, line.id, &mut self.packets)?;
        line.lane = Some((task, track));
        Ok(Some(track))
    }

    /// A region of which nothing was told before its end. It may have begun long ago, so that it would be
    /// around slices that were written already.
    #[cold]
    fn region_alone(&mut self, line: &mut Line, time: Time, end: &RegionEnd) -> io::Result<()> {
        let Some(began) = end.begin else {
            self.remarks.met(BEFORE);
            let began = Annotations::default().with_text("began", "before the trace");
            return self.named(time, end.callsite, Event::instant(Category::Before), &began);
        };
        let track = self.tracks.late(line.id, &mut self.packets)?;
        let shown = line.late.fit(began, end.end);
        if shown != began {
            self.remarks.met(SHORT);
        }
        let (event, none) = (Event::begin(Category::Region).on(track), Annotations::default());
        self.named(shown, end.callsite, event, &none)?;
        self.annotated(end.end, Event::END.on(track), &none)
    }
}
