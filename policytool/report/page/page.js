// What a reader can do with the graphs: find, zoom, go from edge to edge, read an edge's evidence. Without this script
// every edge still is a link to its evidence. Texts are moved or compared here, never made into HTML.
"use strict";
(() => {
  const number = (text) => text.split(" ").map(Number);

  class Graph {
    constructor(frame) {
      this.frame = frame;
      this.view = frame.querySelector(".view");
      this.svg = frame.querySelector("svg");
      this.panel = frame.querySelector(".panel");
      this.said = frame.querySelector(".said");
      this.whole = this.svg.getAttribute("viewBox");
      this.box = number(this.whole);
      this.edges = [...this.svg.querySelectorAll("a.edge")];
      frame.querySelector(".tools").hidden = false;
      // One stop for the Tab key; arrow keys go on from there.
      this.edges.forEach((edge, place) => edge.setAttribute("tabindex", place ? "-1" : "0"));
      this.listen();
    }

    listen() {
      this.frame.querySelector("input").addEventListener("input", (event) => this.find(event.target.value));
      this.frame.querySelector("input").addEventListener("keydown", (event) => {
        const first = this.shown().find((edge) => edge.classList.contains("found"));
        if (event.key === "Enter" && first) this.go(first);
      });
      this.frame.querySelectorAll("[data-do]").forEach((button) =>
        button.addEventListener("click", () => this.act(button.dataset.do, button)));
      this.svg.addEventListener("click", (event) => {
        const edge = event.target.closest("a.edge");
        if (!edge) return;
        event.preventDefault();
        if (!this.dragged) this.choose(edge);
      });
      this.view.addEventListener("keydown", (event) => this.key(event));
      this.svg.addEventListener("wheel", (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, this.point(event));
      }, { passive: false });
      this.drag();
    }

    act(what, button) {
      if (what === "in") this.zoom(1.4);
      if (what === "out") this.zoom(1 / 1.4);
      if (what === "fit") this.show(number(this.whole));
      if (what === "granted") {
        const open = this.svg.classList.toggle("open");
        button.setAttribute("aria-pressed", String(open));
        const narrow = this.svg.dataset.narrow || this.whole;
        this.svg.dataset.narrow = narrow;
        this.whole = open ? this.svg.dataset.wide : narrow;
        this.show(number(this.whole));
        this.find(this.frame.querySelector("input").value);
      }
    }

    // Zoom: by how much, and the point that stays where it is (the middle, if none is named).
    zoom(factor, point) {
      const [left, top, width, height] = this.box;
      const whole = number(this.whole);
      const wide = Math.min(Math.max(width / factor, whole[2] / 12), whole[2]);
      const high = wide * height / width;
      const [x, y] = point || [left + width / 2, top + height / 2];
      this.show([x - (x - left) * wide / width, y - (y - top) * high / height, wide, high]);
    }

    show(box) {
      const whole = number(this.whole);
      box[0] = Math.min(Math.max(box[0], whole[0]), whole[0] + whole[2] - box[2]);
      box[1] = Math.min(Math.max(box[1], whole[1]), whole[1] + whole[3] - box[3]);
      this.box = box;
      this.svg.setAttribute("viewBox", box.join(" "));
      this.view.classList.toggle("zoomed", box[2] < whole[2] - 1);
    }

    point(event) {
      const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
      return [place.x, place.y];
    }

    drag() {
      let from = null;
      this.svg.addEventListener("pointerdown", (event) => {
        this.dragged = false;
        if (this.view.classList.contains("zoomed")) from = this.point(event);
      });
      this.svg.addEventListener("pointermove", (event) => {
        if (!from || !event.buttons) return;
        const to = this.point(event);
        if (Math.hypot(to[0] - from[0], to[1] - from[1]) > 4) this.dragged = true;
        this.show([this.box[0] + from[0] - to[0], this.box[1] + from[1] - to[1], this.box[2], this.box[3]]);
      });
      ["pointerup", "pointerleave", "pointercancel"].forEach((name) =>
        this.svg.addEventListener(name, () => { from = null; }));
    }

    key(event) {
      const turn = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
      const zoom = { "+": 1.4, "=": 1.4, "-": 1 / 1.4 }[event.key];
      if (turn) {
        const shown = this.shown().filter((edge) => !this.word || edge.classList.contains("found"));
        const at = shown.indexOf(document.activeElement);
        const next = shown[at < 0 ? 0 : Math.min(Math.max(at + turn, 0), shown.length - 1)];
        if (next) this.go(next);
      } else if (zoom) this.zoom(zoom);
      else if (event.key === "0") this.show(number(this.whole));
      else if (event.key === "Escape") this.close();
      else return;
      event.preventDefault();
    }

    shown() {
      return this.edges.filter((edge) => this.svg.classList.contains("open") || !edge.closest(".granted"));
    }

    go(edge) {
      this.edges.forEach((other) => other.setAttribute("tabindex", other === edge ? "0" : "-1"));
      edge.focus();
      const part = edge.getBBox();
      const shift = edge.closest(".granted") ? number(this.svg.dataset.narrow)[2] : 0;
      const [left, top, width, height] = this.box;
      const x = part.x + shift;
      const inside = x >= left && x + part.width <= left + width && part.y >= top && part.y + part.height <= top + height;
      if (!inside) this.show([x + part.width / 2 - width / 2, part.y - height / 2, width, height]);
    }

    evidence(edge) {
      return document.getElementById(edge.getAttribute("href").slice(1));
    }

    choose(edge) {
      this.edges.forEach((other) => other.classList.toggle("chosen", other === edge));
      const close = document.createElement("button");
      close.type = "button";
      close.className = "close";
      close.textContent = "Close";
      close.addEventListener("click", () => { this.close(); edge.focus(); });
      this.panel.replaceChildren(close, ...[...this.evidence(edge).childNodes].map((node) => node.cloneNode(true)));
      this.panel.hidden = false;
      this.panel.scrollIntoView({ block: "nearest" });
    }

    close() {
      this.panel.hidden = true;
      this.edges.forEach((edge) => edge.classList.remove("chosen"));
    }

    find(text) {
      this.word = text.trim().toLowerCase();
      this.svg.classList.toggle("seeking", Boolean(this.word));
      let found = 0;
      for (const edge of this.edges) {
        const has = this.word && edge.querySelector("title").textContent.toLowerCase().includes(this.word);
        edge.classList.toggle("found", Boolean(has));
      }
      found = this.shown().filter((edge) => edge.classList.contains("found")).length;
      for (const name of this.svg.querySelectorAll(".name"))
        name.classList.toggle("found", Boolean(this.word) && name.textContent.toLowerCase().includes(this.word));
      this.said.textContent = this.word ? `${found} of ${this.shown().length} edges` : "";
    }
  }

  document.querySelectorAll(".graph").forEach((frame) => new Graph(frame));
})();
