// Figures 2 and 3 with sliders: the quadratic bill of retraining, and where it meets that of labelling everything.
(function () {
  "use strict";

  // What is to be saved: 1 - (c + k) / (c + k (R + 1) / 2), for a label's price c, a record's training price k, R rounds.
  function breakEven(label, training, rounds) {
    return 1 - (label + training) / (label + (training * (rounds + 1)) / 2);
  }

  const SLIDERS = [
    ["label", "Price of a label", -2, 1, -0.5, (v) => 10 ** v, (x) => x.toPrecision(2)],
    ["training", "Price of training on one record, in each fit", -6, 0, -2.5, (v) => 10 ** v, (x) => x.toPrecision(2)],
    ["rounds", "Rounds", 0, 3, 1.7, (v) => Math.round(10 ** v), (x) => String(x)],
  ];
  const POOL = 10000;
  const W = 420, H = 230, LEFT = 52, BOTTOM = 34, TOP = 24;

  function path(points, x, y) {
    return points.map(([a, b], i) => `${i ? "L" : "M"}${x(a).toFixed(1)},${y(b).toFixed(1)}`).join("");
  }

  function short(value) {
    return value >= 1e6 ? `${+(value / 1e6).toPrecision(2)} M` : value >= 1e3 ? `${+(value / 1e3).toPrecision(2)} k` : String(+value.toPrecision(2));
  }

  function frame(title, xTitle, top) {
    const x = (a) => LEFT + (a / POOL) * (W - LEFT - 12);
    const y = (b) => H - BOTTOM - (Math.min(b, top) / top) * (H - BOTTOM - TOP);
    const ticks = [0, 0.5, 1];
    const marks = ticks.map((t) => `<text x="${x(t * POOL)}" y="${H - BOTTOM + 14}" text-anchor="middle">${short(t * POOL)}</text>` +
      `<text x="${LEFT - 5}" y="${y(t * top) + 4}" text-anchor="end">${short(t * top)}</text>`).join("");
    const axes = `<path d="M${LEFT},${TOP}V${H - BOTTOM}H${W - 12}" class="axis"/>`;
    return { x, y, head: `<text x="${LEFT}" y="14" class="title">${title}</text><text x="${(W + LEFT) / 2}" y="${H - 4}" text-anchor="middle">${xTitle}</text>${marks}${axes}` };
  }

  function draw(box, values) {
    const { label, training, rounds } = values;
    const step = POOL / rounds;
    const trained = [], money = [];
    for (let r = 0; r <= rounds; r += Math.max(1, Math.floor(rounds / 200))) {
      const records = (step * r * (r + 1)) / 2;
      trained.push([r * step, records]);
      money.push([r * step, label * r * step + training * records]);
    }
    const everything = POOL * (label + training);
    const saved = breakEven(label, training, rounds);
    const compute = frame("Figure 2: records trained on, all fits together", "Labels", Math.max(POOL, trained[trained.length - 1][1]));
    const bill = frame("Figure 3: labels and compute in money", "Labels", 1.15 * Math.max(everything, Math.min(money[money.length - 1][1], 3 * everything)));
    const at = money.find(([, cost]) => cost >= everything);
    const crossing = at ? `<path d="M${bill.x(at[0])},${TOP}V${H - BOTTOM}" class="mark"/>` : "";
    box.querySelector(".drawn").innerHTML =
      `<svg viewBox="0 0 ${W} ${H}" role="img" aria-label="Records trained on against labels">${compute.head}<path d="${path([[0, 0], [POOL, POOL]], compute.x, compute.y)}" class="once"/><path d="${path(trained, compute.x, compute.y)}" class="loop"/></svg>` +
      `<svg viewBox="0 0 ${W} ${H}" role="img" aria-label="Money against labels">${bill.head}<path d="M${LEFT},${bill.y(everything)}H${W - 12}" class="once"/><path d="${path(money, bill.x, bill.y)}" class="loop"/>${crossing}</svg>`;
    box.querySelector("output.sentence").textContent =
      `With ${rounds} rounds, active learning has to save ${(100 * saved).toFixed(1)} % of ${POOL.toLocaleString("en")} labels to cost no more than labelling everything and training once (dashed).`;
  }

  function start() {
    const box = document.getElementById("break-even");
    if (!box) return;
    box.innerHTML = SLIDERS.map(([name, text, low, high, at]) =>
      `<label for="be-${name}">${text} <output id="be-${name}-value"></output></label><input type="range" id="be-${name}" min="${low}" max="${high}" step="0.05" value="${at}">`).join("") +
      '<div class="drawn"></div><output class="sentence" aria-live="polite"></output>';
    const update = () => {
      const values = {};
      for (const [name, , , , , value, shown] of SLIDERS) {
        values[name] = value(Number(document.getElementById(`be-${name}`).value));
        document.getElementById(`be-${name}-value`).textContent = shown(values[name]);
      }
      draw(box, values);
    };
    box.addEventListener("input", update);
    update();
  }

  window.alrlBreakEven = breakEven;
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
