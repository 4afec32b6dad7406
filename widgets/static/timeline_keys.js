// Keys of the timeline. The app's own keys of the same name rest while an item has the focus.

const TIMELINE_KEYS = "ArrowLeft ArrowRight ArrowUp ArrowDown s S d D z Z y + - Delete Backspace Enter p";

/** Does what a key means; gives whether it meant something. `act` holds the verbs of the widget. */
function timelineKey(event, item, act) {
  const step = event.shiftKey ? 1 : 0.1;
  const key = event.key;
  if ((event.ctrlKey || event.metaKey) && !"zZy".includes(key)) return false;
  if (key === "z" && !event.shiftKey) act.undo();
  else if (key === "Z" || key === "y" || key === "z") act.redo();
  else if (key === "+" || key === "=") act.zoom(1.4);
  else if (key === "-") act.zoom(1 / 1.4);
  else if (key === "p") act.play();
  else if (!item) return false;
  else if (key === "ArrowUp" || key === "ArrowDown") act.neighbour(item, key === "ArrowDown" ? 1 : -1);
  else if (key === "ArrowLeft" || key === "ArrowRight") {
    act.pull(item, event.altKey ? "end" : "move", key === "ArrowRight" ? step : -step);
  } else if (key === "s" || key === "S") act.split(item);
  else if (key === "d" || key === "D") act.duplicate(item);
  else if (key === "Delete" || key === "Backspace") act.remove(item);
  else if (key === "Enter") act.words();
  else return false;
  return true;
}
