const text = require("fs").readFileSync(0, "utf8");
const weights = (text.match(/\S+/g) ?? []).map(Number).sort((a, b) => a - b);
const kept = weights.length >= 3 ? weights.slice(1, -1) : weights;
console.log(kept.length ? kept.reduce((sum, weight) => sum + weight, 0) / kept.length : "empty");
