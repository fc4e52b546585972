// A page that talks by WebRTC without signalling: offers and answers are carried by whoever drives it.

/** What `prepare` leaves in the page, as `window.talk`. */
export interface Talk {
  pc: RTCPeerConnection;
  video: HTMLVideoElement;
  answer(offer: string): Promise<string>;
  call(): Promise<string>;
  answered(sdp: string): Promise<void>;
  level(hertz: number): number;
  frames(): Promise<number>;
}

/** Runs in the page; ends when the microphone is granted. */
export async function prepare(): Promise<void> {
  const pc = new RTCPeerConnection();
  const sound = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  });
  for (const track of sound.getTracks()) pc.addTrack(track, sound);
  const video = document.createElement("video");
  Object.assign(video, { muted: true, autoplay: true, playsInline: true });
  document.body.append(video);
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 8192;
  pc.ontrack = ({ track }) => {
    if (track.kind === "video") video.srcObject = new MediaStream([track]);
    else {
      const audio = new Audio();
      Object.assign(audio, { srcObject: new MediaStream([track]), muted: true });
      void audio.play();
      context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    }
  };
  const talk: Talk = {
    pc,
    video,
    async answer(sdp) {
      await pc.setRemoteDescription({ type: "offer", sdp });
      await pc.setLocalDescription();
      return pc.localDescription?.sdp ?? "";
    },
    async call() {
      pc.addTransceiver("video", { direction: "recvonly" });
      await pc.setLocalDescription();
      return pc.localDescription?.sdp ?? "";
    },
    answered: (sdp) => pc.setRemoteDescription({ type: "answer", sdp }),
    level(hertz) {
      const bins = new Float32Array(analyser.frequencyBinCount);
      analyser.getFloatFrequencyData(bins);
      const at = Math.round((hertz * analyser.fftSize) / context.sampleRate);
      return Math.max(...bins.slice(at - 1, at + 2));
    },
    async frames() {
      let count = 0;
      (await pc.getStats()).forEach((one: { type: string; kind?: string; framesDecoded?: number }) => {
        if (one.type === "inbound-rtp" && one.kind === "video") count = one.framesDecoded ?? 0;
      });
      return count;
    },
  };
  (window as unknown as { talk: Talk }).talk = talk;
}

/** What Chromium has to be started with: a microphone that hears a file, and no questions. */
export const talking = (file: string): string[] => [
  ...["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection"],
  ...[`--use-file-for-fake-audio-capture=${file}`, "--autoplay-policy=no-user-gesture-required"],
];
