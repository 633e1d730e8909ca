"""Blender's side of the ray-traced set: builds a described scene, renders it, measures distance by casting rays.

Runs only where `bpy` is installed (see render_set.py); knows the description of a scene and nothing of this package.
"""

from __future__ import annotations

import importlib
import math
import time
from pathlib import Path
from typing import Any

import numpy as np

FOCAL_MM, SENSOR_MM, NOTHING_M = 50.0, 36.0, 1e4
DENOISER = "OPENIMAGEDENOISE"


def render(scene: Any, folder: Path, *, size: tuple[int, int], samples: int, threads: int) -> Any:
    """Render sharp.exr, sharp.png and the four shots of a scene; return its planar distance [H, W] float32."""
    bpy: Any = importlib.import_module("bpy")
    render_set: Any = importlib.import_module("render_set")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    camera = _build(bpy, scene)
    _settings(bpy, size=size, samples=samples, threads=threads)
    depth = _distance(bpy, camera, size)
    camera.data.dof.use_dof = False
    _shoot(bpy, folder / "sharp.exr")
    for tag, f_number in render_set.F_NUMBERS.items():
        for where, focus_m in (("near", scene.focus_near_m), ("far", scene.focus_far_m)):
            lens = camera.data.dof
            lens.use_dof, lens.focus_distance, lens.aperture_blades = True, focus_m, 0
            lens.aperture_fstop = render_set.blender_f_number(f_number, focus_m)
            _shoot(bpy, folder / f"dof_{tag}_{where}.exr")
    return depth


def _shoot(bpy: Any, path: Path) -> None:
    started = time.monotonic()
    bpy.context.scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    if path.name == "sharp.exr":
        picture = bpy.context.scene.render.image_settings
        kept = picture.file_format, picture.color_depth
        picture.file_format, picture.color_depth = "PNG", "8"
        bpy.data.images["Render Result"].save_render(str(path.with_suffix(".png")))
        picture.file_format, picture.color_depth = kept
    print(path, f"{time.monotonic() - started:.0f} s", flush=True)


def _settings(bpy: Any, *, size: tuple[int, int], samples: int, threads: int) -> None:
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.resolution_percentage = 100
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    scene.render.use_persistent_data = True
    cycles = scene.cycles
    cycles.device, cycles.samples, cycles.seed = "CPU", samples, 7
    cycles.use_adaptive_sampling, cycles.adaptive_threshold = True, 0.02
    cycles.max_bounces = cycles.diffuse_bounces = 1
    cycles.use_denoising, cycles.denoiser = True, DENOISER
    scene.view_settings.view_transform = "Standard"
    picture = scene.render.image_settings
    picture.file_format, picture.color_depth, picture.exr_codec = "OPEN_EXR", "16", "ZIP"
    picture.color_mode = "RGB"


def _build(bpy: Any, scene: Any) -> Any:
    """Put everything into Blender's scene; return the camera."""
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    world.use_nodes = True
    background = world.node_tree.nodes["Background"]
    background.inputs[0].default_value = (*scene.sky, 1.0)
    materials: dict[Any, Any] = {}
    meshes = {kind: _mesh(bpy, kind) for kind in ("box", "ball", "rod")}
    for solid in scene.solids:
        _add(bpy, solid, meshes[solid.kind], materials)
    for lamp in scene.lamps:
        data = bpy.data.lights.new("lamp", "POINT")
        data.energy, data.shadow_soft_size, data.color = lamp.power, lamp.size / 2, lamp.colour
        thing = bpy.data.objects.new("lamp", data)
        thing.location, thing.visible_camera = lamp.place, False
        bpy.context.scene.collection.objects.link(thing)
    data = bpy.data.cameras.new("camera")
    data.lens, data.sensor_width, data.sensor_fit = FOCAL_MM, SENSOR_MM, "HORIZONTAL"
    data.clip_start, data.clip_end = 0.01, 5000.0
    camera = bpy.data.objects.new("camera", data)
    camera.location = (0.0, 0.0, scene.height_m)
    camera.rotation_euler = (math.pi / 2 + scene.tilt, 0.0, 0.0)
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    bpy.context.view_layer.update()
    return camera


def _mesh(bpy: Any, kind: str) -> Any:
    """A unit cube, a unit ball, or a rod of radius 1 and length 1 along z."""
    bmesh: Any = importlib.import_module("bmesh")
    made = bmesh.new()
    if kind == "box":
        bmesh.ops.create_cube(made, size=1)
    elif kind == "ball":
        bmesh.ops.create_uvsphere(made, u_segments=32, v_segments=16, radius=1)
    else:
        bmesh.ops.create_cone(made, segments=16, radius1=1, radius2=1, depth=1, cap_ends=True)
    mesh = bpy.data.meshes.new(kind)
    made.to_mesh(mesh)
    made.free()
    for face in mesh.polygons:
        face.use_smooth = kind == "ball" or (kind == "rod" and len(face.vertices) == 4)
    mesh.materials.append(None)
    return mesh


def _add(bpy: Any, solid: Any, mesh: Any, materials: dict[Any, Any]) -> None:
    vector: Any = importlib.import_module("mathutils").Vector
    thing = bpy.data.objects.new(solid.kind, mesh)
    bpy.context.scene.collection.objects.link(thing)
    thing.location, thing.scale = solid.place, solid.size
    thing.rotation_euler = (0.0, 0.0, solid.yaw)
    if solid.kind == "rod":
        along = vector(solid.end) - vector(solid.place)
        thing.location = (vector(solid.end) + vector(solid.place)) / 2
        thing.scale = (solid.size[0] / 2, solid.size[0] / 2, along.length)
        thing.rotation_euler = along.to_track_quat("Z", "Y").to_euler()
    key = solid.colour, solid.second, solid.pattern, solid.scale, solid.glow
    if key not in materials:
        materials[key] = _material(bpy, solid)
    thing.material_slots[0].link = "OBJECT"
    thing.material_slots[0].material = materials[key]
    if solid.glow > 0 and solid.kind == "ball":  # seen, but lighting by such small bulbs would only be noise
        thing.visible_diffuse = thing.visible_glossy = thing.visible_shadow = False


def _material(bpy: Any, solid: Any) -> Any:
    material = bpy.data.materials.new("material")
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    if solid.glow > 0:
        shader = tree.nodes.new("ShaderNodeEmission")
        shader.inputs[0].default_value = (*solid.colour, 1.0)
        shader.inputs[1].default_value = solid.glow
        material.cycles.emission_sampling = "NONE"
    else:
        shader = tree.nodes.new("ShaderNodeBsdfDiffuse")
        _paint(tree, solid, shader.inputs[0])
    tree.links.new(shader.outputs[0], output.inputs["Surface"])
    return material


def _paint(tree: Any, solid: Any, colour: Any) -> None:
    """Colour or pattern, in metres of the world (so that a long wall has as fine a pattern as a short one)."""
    first, second = (*solid.colour, 1.0), (*solid.second, 1.0)
    colour.default_value = first
    if solid.pattern == "plain":
        return
    place = tree.nodes.new("ShaderNodeNewGeometry").outputs["Position"]
    if solid.pattern == "noise":
        noise = tree.nodes.new("ShaderNodeTexNoise")
        noise.inputs["Scale"].default_value, noise.inputs["Detail"].default_value = solid.scale, 6.0
        mix = tree.nodes.new("ShaderNodeMix")
        mix.data_type = "RGBA"
        mix.inputs[6].default_value, mix.inputs[7].default_value = first, second
        tree.links.new(place, noise.inputs["Vector"])
        tree.links.new(noise.outputs[0], mix.inputs[0])
        tree.links.new(mix.outputs[2], colour)
        return
    kind = "ShaderNodeTexBrick" if solid.pattern == "brick" else "ShaderNodeTexChecker"
    texture = tree.nodes.new(kind)
    texture.inputs["Color1"].default_value, texture.inputs["Color2"].default_value = first, second
    texture.inputs["Scale"].default_value = solid.scale
    tree.links.new(place, texture.inputs["Vector"])
    tree.links.new(texture.outputs[0], colour)


def _distance(bpy: Any, camera: Any, size: tuple[int, int]) -> Any:
    """Planar distance [H, W] float32 by one ray through each pixel centre."""
    vector: Any = importlib.import_module("mathutils").Vector
    width, height = size
    graph = bpy.context.evaluated_depsgraph_get()
    turn = camera.matrix_world.to_3x3()
    right, up, back = (turn @ vector(axis) for axis in ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    half = SENSOR_MM / 2 / FOCAL_MM
    depth = np.full((height, width), NOTHING_M, np.float32)
    origin = camera.matrix_world.translation
    for y in range(height):
        v = half * (height - 1 - 2 * y) / width
        for x in range(width):
            u = half * (2 * x + 1 - width) / width
            ray = (right * u + up * v - back).normalized()
            hit, place, *_ = bpy.context.scene.ray_cast(graph, origin, ray)
            if hit:
                depth[y, x] = (place - origin).dot(-back)
    return depth
