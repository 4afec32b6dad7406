// Drawing in pixels of the video on a canvas of any size.

const TAU = 2 * Math.PI;

/** A line with a light edge, so that it shows on any ground. */
function inkLine(context, points, colour, width, scale) {
  if (!points.length) return;
  for (const [ink, wide] of [["rgb(255 255 255 / .85)", width + 2.5], [colour, width]]) {
    context.strokeStyle = ink;
    context.lineWidth = wide;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(points[0][0] * scale, points[0][1] * scale);
    for (const [x, y] of points) context.lineTo(x * scale, y * scale);
    context.stroke();
  }
}

function inkDot(context, [x, y], colour, radius, scale) {
  context.beginPath();
  context.arc(x * scale, y * scale, radius, 0, TAU);
  context.fillStyle = colour;
  context.fill();
  context.lineWidth = 2;
  context.strokeStyle = "#fff";
  context.stroke();
}

function inkRing(context, [x, y], colour, radius, scale) {
  for (const [ink, wide] of [["rgb(255 255 255 / .9)", 5], [colour, 2.5]]) {
    context.beginPath();
    context.arc(x * scale, y * scale, radius, 0, TAU);
    context.strokeStyle = ink;
    context.lineWidth = wide;
    context.stroke();
  }
}
