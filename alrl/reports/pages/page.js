"use strict";
(function () {
  const study = JSON.parse(document.getElementById("study").textContent);
  const byId = (id) => document.getElementById(id);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  // Prices go 1, 2, 5, 10, ...: a slider with equal steps would have no small prices.
  const prices = (low, high) => {
    const found = [];
    for (let power = low; power <= high; power += 1) {
      for (const digit of [1, 2, 5]) found.push(Number(digit + "e" + power));
    }
    return found.slice(0, -2);
  };
  const sliders = {
    "label-price": { values: prices(-2, 3), start: 1 },
    "compute-price": { values: prices(-5, 1), start: 0.001 }
  };
  const setUp = (id) => {
    const { values, start } = sliders[id];
    Object.assign(byId(id), { min: 0, max: values.length - 1, step: 1 });
    byId(id).value = values.indexOf(start);
  };
  const price = (id) => sliders[id].values[Number(byId(id).value)];

  /** Share of labels that querying in R equal rounds has to save, as in the section's formula. */
  const breakEven = (label, compute, rounds) => 1 - (label + compute) / (label + compute * (rounds + 1) / 2);

  const flat = (series) => series.flatMap((c) => c.mean.map((m, n) => ({
    data_set: c.data_set, strategy: c.strategy, metric: c.metric, against: c.against, labels: n,
    mean: m, low: c.low[n], high: c.high[n]
  })));
  const rows = { curves: flat(study.curves), differences: flat(study.gaps), savings: study.savings, profile: study.profiles };

  const need = () => 100 * breakEven(price("label-price"), price("compute-price"), Number(byId("rounds").value));
  const state = () => ({
    data_set: byId("data-set").value,
    metric: byId("metric").value,
    against: byId("against").value,
    shown: Array.from(document.querySelectorAll(".keys input:checked"), (box) => box.value),
    need: need()
  });

  const tell = () => {
    const now = state();
    for (const id of ["label-price", "compute-price"]) {
      byId(id + "-value").textContent = String(price(id));
      byId(id).setAttribute("aria-valuetext", String(price(id)));
    }
    byId("rounds-value").textContent = byId("rounds").value;
    byId("break-even").textContent = now.need.toFixed(1) + " %";
    const texts = now.shown.filter((name) => name !== study.baseline).map((name) => {
      const own = study.savings.filter((row) => row.strategy === name && row.metric === now.metric);
      return name + " on " + own.filter((row) => !row.never && row.saving > now.need).length + " of " + own.length;
    });
    byId("pays").textContent = texts.length ? "Querying pays with " + texts.join(", ") + " data sets." : "";
  };

  let views = [];
  const update = () => {
    const now = state();
    tell();
    return Promise.all(views.map((view) => {
      for (const name of Object.keys(now)) view.signal(name, now[name]);
      return view.runAsync();
    }));
  };

  // Black reads on white only: in the dark it becomes the ink.
  const themed = (spec) => JSON.parse(JSON.stringify(spec).replaceAll('"#000000"', JSON.stringify(colour("--black"))));
  async function draw() {
    views.forEach((view) => view.finalize());
    const axis = { labelColor: colour("--soft"), titleColor: colour("--ink"), gridColor: colour("--grid"),
      domainColor: colour("--line"), tickColor: colour("--line"), labelFontSize: 12, titleFontSize: 13, titleFontWeight: 500 };
    // Only errors: a chart with every strategy hidden is no fault.
    const options = { renderer: "svg", logLevel: 1, tooltip: { theme: dark.matches ? "dark" : "light" },
      actions: { export: true, source: false, compiled: false, editor: false },
      config: { background: null, axis, view: { stroke: null }, font: "system-ui, sans-serif" } };
    const results = [];
    for (const id of Object.keys(rows)) {
      const spec = themed(study.specs[id]);
      spec.datasets = Object.assign({}, spec.datasets, { rows: rows[id] });
      const now = state();
      for (const param of spec.params) if (param.name in now) param.value = now[param.name];
      results.push(await vegaEmbed("#" + id, spec, options));
    }
    views = results.map((result) => result.view);
    // The menu of a chart can be reached by keyboard, and says what it is for.
    document.querySelectorAll(".chart summary").forEach((each) => each.setAttribute("aria-label", "Save this chart as an image"));
    document.body.dataset.ready = "true";
  }

  for (const name of new Set(study.gaps.map((row) => row.against))) byId("against").add(new Option(name, name));
  Object.keys(sliders).forEach(setUp);
  tell();
  for (const id of ["data-set", "metric", "against"]) byId(id).addEventListener("change", update);
  for (const id of ["label-price", "compute-price", "rounds"]) byId(id).addEventListener("input", update);
  document.querySelectorAll(".keys input").forEach((box) => box.addEventListener("change", update));
  dark.addEventListener("change", draw);
  draw();
})();
