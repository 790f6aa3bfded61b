//! `payload`: a command is not as it should be.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::command::Qos;
use crate::network::{Content, CorpusFile, Misbehave, MqttFault, Payload, PayloadKind, Written};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// A command to the device is not as it should be. It bit when the device acknowledged it, or, at QoS 0, when it was sent.
    ///
    /// `payload: {as: out_of_range}`
    pub struct PayloadFault {
        /// How it is wrong, made from `from`.
        kind: Option<PayloadKind> = "as" optional,
        /// A file of `fixtures/payloads`, in the place of `as`.
        corpus: Option<CorpusFile> = "corpus" optional,
        /// Word for word, or hex digits behind `hex:`, in the place of `as`.
        text: Option<Payload> = "text" optional,
        /// The good command that it is made from, in JSON; the `example` of the board file if left out. `{n}` in it is a
        /// number that no other message of the run has.
        from: Option<String> = "from" (OneLine) optional,
        /// Where to. One with wildcards is any that it takes in and the device listens to; left out, any that the device listens
        /// to.
        topic: Option<String> = "topic" optional,
        /// Its quality of service.
        qos: Qos = "qos" or Qos::AtLeastOnce,
    } lasting Duration::from_secs(10)
}

impl PayloadFault {
    /// What is written of the message.
    pub(crate) fn written(&self) -> Written<'_> {
        Written { kind: self.kind, corpus: self.corpus.as_ref(), text: self.text.as_ref() }
    }
}

fn usual(from: &str, seed: u64) -> Content {
    Content::Made { kind: PayloadKind::MissingField, from: from.to_owned(), seed }
}

impl FaultKind for PayloadFault {
    fn lower(&self, cx: &Lowering<'_>) -> Lowered {
        let from = cx.sound(self.from.as_ref());
        misbehave(
            "payload",
            Misbehave::Mqtt(MqttFault::Messages {
                topic: self.topic.clone(),
                contents: vec![self.written().content(usual(&from, cx.seed), &from, cx.seed)],
                qos: self.qos.level(),
            }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
