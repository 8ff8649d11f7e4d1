function lockers_opened(notes) {
  const opened = new Set();
  let locker = 0;
  while (locker in notes && !opened.has(locker)) {
    opened.add(locker);
    locker = notes[locker];
  }
  return opened.size;
}
