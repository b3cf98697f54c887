/* Workers for pages that are opened as files, where browsers refuse them: the script of a worker runs in a hidden frame.
   The search of the pages is such a script. The theme would otherwise fetch a program for this from another host. */
"use strict";

class FrameWorker extends EventTarget {
  constructor(url) {
    super();
    this.frame = document.body.appendChild(document.createElement("iframe"));
    this.frame.hidden = true;
    const inside = this.frame.contentWindow;
    inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data: structuredClone(data) }));
    const script = inside.document.createElement("script");
    script.src = url;
    this.ready = new Promise((resolve, reject) => {
      script.onload = resolve;
      script.onerror = reject;
    });
    inside.document.body.appendChild(script);
  }

  postMessage(data) {
    this.ready.then(() => {
      this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data: structuredClone(data) }));
    });
  }

  terminate() {
    this.frame.remove();
  }
}

if (location.protocol === "file:") window.Worker = FrameWorker;
