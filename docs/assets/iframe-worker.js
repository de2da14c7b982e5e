// Search for pages that are read from a disk. Browsers start no worker from there, so the worker's script runs in a
// frame instead. On a server nothing is replaced.
if (location.protocol === "file:") {
  window.Worker = window.IFrameWorker = class extends EventTarget {
    constructor(address) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.title = "search";
      document.body.append(frame);
      this.inside = frame.contentWindow;
      this.inside.postMessage = (data) => this.tell(this, data);
      const script = frame.contentDocument.createElement("script");
      this.ready = new Promise((resolve) => script.addEventListener("load", resolve));
      script.src = address;
      frame.contentDocument.body.append(script);
    }

    postMessage(data) {
      this.ready.then(() => this.tell(this.inside, data));
    }

    terminate() {
      this.inside.frameElement.remove();
    }

    tell(receiver, data) {
      const message = new MessageEvent("message", { data });
      receiver.dispatchEvent(message);
      if (typeof this.onmessage === "function" && receiver === this) this.onmessage(message);
    }
  };
}
