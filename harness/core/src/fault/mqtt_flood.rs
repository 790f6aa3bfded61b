//! `mqtt_flood`: the device is flooded with messages.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::command::Qos;
use crate::network::{Content, CorpusFile, Misbehave, MqttFault, Payload, PayloadKind, Written};
use crate::port::Port;
use crate::step::Rate;
use crate::time::Duration;

fault! {
    /// Messages come to the device without pause.
    ///
    /// `mqtt_flood: {rate: 200/s, for: 30s}`
    pub struct MqttFlood {
        /// How many.
        rate: Rate = "rate" or Rate { count: 100, per: Duration::from_secs(1) },
        /// Where to. One with wildcards is any that it takes in and the device listens to; left out, any that the device listens
        /// to.
        topic: Option<String> = "topic" optional,
        /// How it is wrong, made from `from`.
        kind: Option<PayloadKind> = "as" optional,
        /// A file of `fixtures/payloads`, in the place of `as`.
        corpus: Option<CorpusFile> = "corpus" optional,
        /// Word for word, or hex digits behind `hex:`, in the place of `as`.
        text: Option<Payload> = "text" optional,
        /// The good command that they are made from, in JSON, and what they are if nothing else is written; the `example` of the
        /// board file if left out.
        from: Option<String> = "from" (OneLine) optional,
        /// Their quality of service.
        qos: Qos = "qos" or Qos::AtMostOnce,
    } lasting Duration::from_secs(30)
}

/// No more than 20,000 a second.
const FASTEST: Duration = Duration(50_000);

impl MqttFlood {
    /// What is written of the message.
    pub(crate) fn written(&self) -> Written<'_> {
        Written { kind: self.kind, corpus: self.corpus.as_ref(), text: self.text.as_ref() }
    }
}

impl FaultKind for MqttFlood {
    fn lower(&self, cx: &Lowering<'_>) -> Lowered {
        let from = cx.sound(self.from.as_ref());
        misbehave(
            "mqtt_flood",
            Misbehave::Mqtt(MqttFault::Flood {
                every: Duration((self.rate.per.0 / u64::from(self.rate.count.max(1))).max(FASTEST.0)),
                topic: self.topic.clone(),
                content: self.written().content(
                    Content::Literal(Payload::from(from.as_str())),
                    &from,
                    cx.seed,
                ),
                qos: self.qos.level(),
            }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
