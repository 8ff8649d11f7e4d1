function minutes_needed(potters, pots) {
  let [low, high] = [0, Number.MAX_SAFE_INTEGER];
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    if (potters.reduce((done, potter) => done + finished(potter, middle), 0) >= pots) high = middle;
    else low = middle + 1;
  }
  return low;
}

function finished([minutes, batch, rest], now) {
  const round = minutes * batch + rest;
  return Math.floor(now / round) * batch + Math.min(batch, Math.floor((now % round) / minutes));
}
