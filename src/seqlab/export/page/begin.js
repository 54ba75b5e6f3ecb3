// The beginning: who the network is, and the page for what it reads.

byId("facts").append(`${page.cell} · ${page.parameters.toLocaleString("en")} parameters · trained on ${page.data} `);
if (page.is_sample) byId("facts").append(element("span", { class: "sample" }, "SAMPLE DATA"));
byId("equations").textContent = steps.map(String).join("\n");
inside.start(page.watched);
(read.kind === "columns" ? columns : start[prediction.kind]).start();
