"""What of a PDF's objects stays: for each shape of object its keys, and for each key the shape of its value.

A key that is not here does not come through. Among what is missing on purpose: Metadata, PieceInfo, Info, AA,
OpenAction scripts, LastModified, Thumb, StructTreeRoot (texts for tags are often paths), OutputIntents, Lang.

`Shape*` is an array of that shape or one of it, `Shape#` a dictionary of names to it. Lower case shapes are
told apart in pdfcopy: `plain` (numbers, names, switches, arrays of them), `text` (a string).
"""

from __future__ import annotations

from dropbox.cleaning.words import words

_SHAPES = """
Resources: ExtGState=GState# ColorSpace=colour# Pattern=Pattern# Shading=Shading# XObject=xobject# Font=Font#
  ProcSet=plain Properties=Properties#
Properties: Type=plain OCGs=Properties* P=plain Name=layer ActualText=text
GState: Type=plain LW=plain LC=plain LJ=plain ML=plain D=plain RI=plain OP=plain op=plain OPM=plain Font=fontsize
  FL=plain SM=plain SA=plain BM=plain SMask=SoftMask CA=plain ca=plain AIS=plain TK=plain
SoftMask: Type=plain S=plain G=xobject BC=plain TR=Function
Group: Type=plain S=plain CS=colour I=plain K=plain
Pattern: Type=plain PatternType=plain PaintType=plain TilingType=plain BBox=plain XStep=plain YStep=plain
  Resources=Resources Matrix=plain Shading=Shading ExtGState=GState
Shading: ShadingType=plain ColorSpace=colour Background=plain BBox=plain AntiAlias=plain Coords=plain Domain=plain
  Function=Function* Extend=plain Matrix=plain BitsPerCoordinate=plain BitsPerComponent=plain BitsPerFlag=plain
  Decode=plain VerticesPerRow=plain
Function: FunctionType=plain Domain=plain Range=plain Size=plain BitsPerSample=plain Order=plain Encode=plain
  Decode=plain C0=plain C1=plain N=plain Functions=Function* Bounds=plain
Form: Type=plain Subtype=plain FormType=plain BBox=plain Matrix=plain Resources=Resources Group=Group OC=Properties
Image: Type=plain Subtype=plain Width=plain Height=plain ColorSpace=colour BitsPerComponent=plain Intent=plain
  ImageMask=plain Mask=mask SMask=xobject SMaskInData=plain Decode=plain Interpolate=plain OC=Properties Matte=plain
Font: Type=plain Subtype=plain BaseFont=plain FirstChar=plain LastChar=plain Widths=plain FontDescriptor=FontDescriptor
  Encoding=encoding ToUnicode=tounicode DescendantFonts=Font* CIDSystemInfo=CIDSystem W=plain DW=plain W2=plain
  DW2=plain CIDToGIDMap=glyphs FontBBox=plain FontMatrix=plain CharProcs=Glyph# Resources=Resources Name=plain
Glyph:
FontDescriptor: Type=plain FontName=plain FontStretch=plain FontWeight=plain Flags=plain FontBBox=plain
  ItalicAngle=plain Ascent=plain Descent=plain Leading=plain CapHeight=plain XHeight=plain StemV=plain StemH=plain
  AvgWidth=plain MaxWidth=plain MissingWidth=plain FontFile=FontFile FontFile2=FontFile FontFile3=FontFile CIDSet=Raw
FontFile: Length1=plain Length2=plain Length3=plain Subtype=plain
Raw:
CIDSystem: Registry=text Ordering=text Supplement=plain
Encoding: Type=plain BaseEncoding=plain Differences=plain
CMap: Type=plain CMapName=plain CIDSystemInfo=CIDSystem WMode=plain UseCMap=encoding
Page: Type=plain Resources=Resources MediaBox=plain CropBox=plain BleedBox=plain TrimBox=plain ArtBox=plain Rotate=plain
  Annots=annotation* Group=Group UserUnit=plain Tabs=plain
Appearance: N=appearance R=appearance D=appearance
BorderStyle: Type=plain W=plain S=plain D=plain
BorderEffect: S=plain I=plain
Looks: R=plain BC=plain BG=plain CA=text RC=text AC=text I=xobject RI=xobject IX=xobject IF=IconFit TP=plain
IconFit: SW=plain S=plain A=plain FB=plain
Annotation: Type=plain Subtype=plain Rect=plain Contents=text P=page F=plain AP=Appearance AS=plain Border=plain C=plain
  OC=Properties Popup=annotation Parent=annotation A=action Dest=dest QuadPoints=plain InkList=plain L=plain LE=plain
  Vertices=plain IC=plain CA=plain BS=BorderStyle BE=BorderEffect DA=text DS=text Q=plain RD=plain Open=plain Name=plain
  State=text StateModel=text IRT=annotation RT=plain H=plain IT=plain LL=plain LLE=plain LLO=plain Cap=plain CP=plain
  CO=plain CL=plain Sy=plain MK=Looks
Field: Type=plain Subtype=plain Rect=plain P=page F=plain AP=Appearance AS=plain Border=plain C=plain OC=Properties
  BS=BorderStyle H=plain MK=Looks A=action Parent=annotation Kids=annotation* FT=plain T=text Ff=plain V=value DV=value
  DA=text Q=plain DS=text Opt=option* MaxLen=plain I=plain TI=plain
AcroForm: Fields=annotation* NeedAppearances=plain DR=Resources DA=text Q=plain
Outlines: Type=plain First=Outline Last=Outline Count=plain
Outline: Title=text Parent=outline Prev=Outline Next=Outline First=Outline Last=Outline Count=plain Dest=dest A=action
  C=plain F=plain
NameTree: Kids=NameTree* Names=names Limits=text*
Names: Dests=NameTree
LabelTree: Kids=LabelTree* Nums=labels Limits=plain
Label: Type=plain S=plain P=text St=plain
Layers: OCGs=Properties* D=LayerLooks
LayerLooks: BaseState=plain ON=Properties* OFF=Properties* Intent=plain RBGroups=plain Locked=Properties* ListMode=plain
Viewer: HideToolbar=plain HideMenubar=plain HideWindowUI=plain FitWindow=plain CenterWindow=plain Direction=plain
  NonFullScreenPageMode=plain PrintScaling=plain Duplex=plain
Catalog: Type=plain Outlines=Outlines PageLabels=LabelTree PageMode=plain PageLayout=plain ViewerPreferences=Viewer
  Names=Names Dests=dest# AcroForm=AcroForm OCProperties=Layers OpenAction=opening
"""


def _read() -> dict[str, dict[str, str]]:
    shapes: dict[str, dict[str, str]] = {}
    for line in _SHAPES.strip().replace("\n  ", " ").splitlines():
        name, _, keys = line.partition(":")
        shapes[name] = {f"/{k}": v for k, _, v in (word.partition("=") for word in keys.split())}
    return shapes


SHAPES = _read()

# How the bytes of a stream of each shape are treated; a stream of any other shape is refused.
CONTENT, PICTURE, PROGRAM, BYTES = "content", "picture", "program", "bytes"
STREAMS = {
    "Form": CONTENT, "Pattern": CONTENT, "Glyph": CONTENT, "Image": PICTURE, "CMap": PROGRAM, "Function": PROGRAM,
    "FontFile": BYTES, "Raw": BYTES, "Shading": BYTES,
}  # fmt: skip

ANNOTATIONS = words(
    """
    Text Link FreeText Line Square Circle Polygon PolyLine Highlight Underline Squiggly StrikeOut Stamp Caret Ink
    Popup Widget Watermark Redact
    """
)  # all others carry files, sound or films: the document cannot be cleaned
FORBIDDEN = {
    "catalog": frozenset({"/AF", "/Collection", "/Perms", "/DSS", "/Requirements"}),
    "names": frozenset({"/EmbeddedFiles", "/Renditions"}),
    "form": frozenset({"/XFA"}),
}  # attachments, signatures, forms of another kind
